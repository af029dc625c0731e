/** Going from one conversation to the next: by row, or to the next one that nobody has read. */
import { ApiError } from '@/api/client'
import { type ConversationFilter, fetchConversations } from '@/api/conversations'
import type { Conversation } from '@/api/types'

export interface WalkSource {
  rows: () => readonly Conversation[]
  openId: () => string | null
  filter: () => ConversationFilter
  /** Ends when the conversation is open. */
  open: (id: string) => Promise<unknown>
  /** Brings its row into sight, if the list has one. */
  focus: (id: string) => void
  nothingUnread: () => void
}

export function useWalking({ rows, openId, filter, open, focus, nothingUnread }: WalkSource) {
  async function go(id: string): Promise<void> {
    await open(id)
    focus(id)
  }

  async function step(by: 1 | -1): Promise<void> {
    const at = rows().findIndex(({ id }) => id === openId())
    const next = rows()[at === -1 ? (by === 1 ? 0 : -1) : at + by]
    if (next) await go(next.id)
  }

  /** Below the open one first, then from the top; then what the list has not loaded yet. */
  async function nextUnread(): Promise<void> {
    const at = rows().findIndex(({ id }) => id === openId())
    const around = [...rows().slice(at + 1), ...rows().slice(0, at + 1)]
    const next = around.find(isUnread)?.id ?? (await furtherUnread())
    if (next === null) nothingUnread()
    else await go(next)
  }

  function isUnread({ id, unread }: Conversation): boolean {
    return unread > 0 && id !== openId()
  }

  async function furtherUnread(): Promise<string | null> {
    try {
      const { signal } = new AbortController()
      const asked = { ...filter(), unread: true }
      const page = await fetchConversations(asked, { cursor: null, limit: 2, signal })
      return page.items.find(isUnread)?.id ?? null
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return null
    }
  }

  return { step, nextUnread }
}
