/** Rows of the conversation list: their order, and whether a conversation belongs to a view. */
import type { ConversationFilter } from '@/api/conversations'
import type { Conversation } from '@/api/types'

export interface Viewer {
  staffId: string
  openId: string | null
}

/** The newest last message first, as the server pages them. */
export function newestFirst(a: Conversation, b: Conversation): number {
  return compare(b.last?.at ?? '', a.last?.at ?? '') || compare(b.id, a.id)
}

/**
 * Whether the list of `filter` shows the conversation, as far as the page can tell.
 * A search is the server's to answer: nothing joins its results by itself.
 */
export function belongs(
  conversation: Conversation,
  filter: ConversationFilter,
  viewer: Viewer,
): boolean {
  if (conversation.last === null) return false
  if (filter.unread && conversation.unread === 0 && conversation.id !== viewer.openId) return false
  if (filter.channel !== null && conversation.channel !== filter.channel) return false
  if (filter.bot_id !== null && conversation.bot_id !== filter.bot_id) return false
  return inView(conversation, filter, viewer)
}

function inView(
  conversation: Conversation,
  { view }: ConversationFilter,
  { staffId }: Viewer,
): boolean {
  if (view === 'spam' || view === 'deleted') return conversation.status === view
  if (conversation.status === 'spam' || conversation.status === 'deleted') return false
  switch (view) {
    case 'all':
      return true
    case 'mine':
      return conversation.assignee === staffId
    case 'unassigned':
      return conversation.assignee === null
    case 'uncared':
      return conversation.waiting_since !== null && conversation.status === 'open'
    case 'inbox':
      return conversation.kind === 'inbox'
    case 'comment':
      return conversation.kind === 'comment'
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
