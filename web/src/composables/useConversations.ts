/** The conversation list: pages of it, and each live change in its place without a reload. */
import { onScopeDispose, ref, watch, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import { type ConversationFilter, fetchConversation, fetchConversations } from '@/api/conversations'
import type { Conversation, LiveFrame } from '@/api/types'
import { belongs, newestFirst, type Viewer } from '@/composables/conversationRows'

const PAGE_ROWS = 40

export interface ListSource {
  filter: Readonly<Ref<ConversationFilter>>
  staffId: () => string
  /** The open conversation stays in its list, even when reading it ends what the list is of. */
  openId: () => string | null
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

export type ListState = 'loading' | 'ready' | 'failed'
export type MoreState = 'none' | 'ready' | 'loading' | 'failed'

export function useConversations({ filter, staffId, openId, listen }: ListSource) {
  const rows = ref<Conversation[]>([])
  const state = ref<ListState>('loading')
  const more = ref<MoreState>('none')
  let cursor: string | null = null
  let loading = new AbortController()
  let early: LiveFrame[] = [] // frames that came while the page they change was on its way
  const asking = new Map<string, 'once' | 'again'>()

  async function load({ quiet }: { quiet: boolean }): Promise<void> {
    loading.abort()
    const mine = (loading = new AbortController())
    early = []
    if (!quiet) {
      rows.value = []
      state.value = 'loading'
      more.value = 'none'
    }
    try {
      const page = await fetchConversations(filter.value, {
        cursor: null,
        limit: PAGE_ROWS,
        signal: mine.signal,
      })
      if (mine.signal.aborted) return
      take(page.items, page.next_cursor, [])
      state.value = 'ready'
      early.forEach(apply)
    } catch {
      if (mine.signal.aborted) return
      if (!quiet || state.value !== 'ready') state.value = 'failed'
    }
  }

  async function loadMore(): Promise<void> {
    if (state.value !== 'ready' || (more.value !== 'ready' && more.value !== 'failed')) return
    const { signal } = loading
    more.value = 'loading'
    try {
      const page = await fetchConversations(filter.value, { cursor, limit: PAGE_ROWS, signal })
      if (!signal.aborted) take(page.items, page.next_cursor, rows.value)
    } catch {
      if (!signal.aborted) more.value = 'failed'
    }
  }

  function take(items: Conversation[], next: string | null, before: Conversation[]): void {
    const known = new Map([...items, ...before].map((row) => [row.id, row]))
    rows.value = [...known.values()].sort(newestFirst)
    cursor = next
    more.value = next === null ? 'none' : 'ready'
  }

  /** Show a conversation as it is now: in its place, moved, new, or gone from this view. */
  function place(conversation: Conversation): void {
    const others = rows.value.filter((row) => row.id !== conversation.id)
    const last = others.at(-1)
    const onLaterPage = cursor !== null && last !== undefined && newestFirst(last, conversation) < 0
    const shown = belongs(conversation, filter.value, who()) && !onLaterPage
    rows.value = shown ? [...others, conversation].sort(newestFirst) : others
  }

  function who(): Viewer {
    return { staffId: staffId(), openId: openId() }
  }

  function apply(frame: LiveFrame): void {
    if (frame.type === 'resync') {
      void load({ quiet: true })
      return
    }
    if (state.value !== 'ready') {
      early.push(frame)
      return
    }
    const id = frame.conversation_id
    if (frame.type === 'conversation_removed') {
      rows.value = rows.value.filter((row) => row.id !== id)
    } else if (frame.type === 'customer_changed') {
      refresh(frame.data.customer_id)
    } else if (id !== null && frame.data.conversation) {
      change(id, frame.data.conversation)
    }
  }

  function change(id: string, changed: Partial<Conversation>): void {
    const row = rows.value.find((known) => known.id === id)
    if (row) place({ ...row, ...changed })
    else if (filter.value.q === '') void ask(id)
  }

  /** A conversation that the list does not hold: a frame carries only what changed of it. */
  async function ask(id: string): Promise<void> {
    if (asking.has(id)) {
      asking.set(id, 'again')
      return
    }
    const { signal } = loading
    do {
      asking.set(id, 'once')
      try {
        const conversation = await fetchConversation(id)
        if (!signal.aborted) place(conversation)
      } catch (error) {
        if (!(error instanceof ApiError)) throw error // gone again, or the next resync brings it
      }
    } while (asking.get(id) === 'again' && !signal.aborted)
    asking.delete(id)
  }

  /** A frame says that a customer changed, never how: the name has to be read again. */
  function refresh(customerId: string | undefined): void {
    for (const row of rows.value) {
      if (row.customer !== null && row.customer.id === customerId) void ask(row.id)
    }
  }

  watch(filter, () => void load({ quiet: false }), { immediate: true, deep: true })
  const stop = listen(apply)
  onScopeDispose(() => {
    stop()
    loading.abort()
  })

  return { rows, state, more, loadMore, reload: () => load({ quiet: false }), place }
}
