/** The conversation list: pages of it, and each live change in its place without a reload. */
import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import {
  type ConversationFilter,
  fetchConversation,
  fetchConversations,
  type ListPlace,
} from '@/api/conversations'
import type { Conversation, LiveFrame, Page } from '@/api/types'
import {
  belongs,
  newestFirst,
  type Viewer,
  withoutRow,
  withPage,
  withRow,
} from '@/composables/conversationRows'

const FIRST_PAGE_ROWS = 40
const PAGE_ROWS = 100 // more than the first: who scrolls fast waits less often
const READ_AGAIN_ROWS = 500 // after a gap in the feed; what lies below is read while scrolling

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
  // Shallow, and every change a new array: thousands of rows are never made reactive one by one.
  const rows = shallowRef<readonly Conversation[]>([])
  const state = ref<ListState>('loading')
  const more = ref<MoreState>('none')
  let cursor: string | null = null
  let loading = new AbortController()
  /** Frames that come while what they change is on its way; null: nothing is. */
  let early: LiveFrame[] | null = null
  const asking = new Map<string, 'once' | 'again'>()

  async function load(): Promise<void> {
    const { signal } = begin()
    rows.value = []
    state.value = 'loading'
    more.value = 'none'
    try {
      const page = await fetchPage({ cursor: null, limit: FIRST_PAGE_ROWS, signal })
      if (!signal.aborted) show(page.items, page.next_cursor)
    } catch {
      if (signal.aborted) return
      early = null
      state.value = 'failed'
    }
  }

  /** Read again what is shown, which stays until all of it is there: nobody loses their place. */
  async function readAgain(): Promise<void> {
    const { signal } = begin()
    const wanted = Math.min(rows.value.length, READ_AGAIN_ROWS)
    try {
      let page = await fetchPage({ cursor: null, limit: FIRST_PAGE_ROWS, signal })
      let read = withPage([], page.items)
      while (read.length < wanted && page.next_cursor !== null) {
        page = await fetchPage({ cursor: page.next_cursor, limit: PAGE_ROWS, signal })
        read = withPage(read, page.items)
      }
      if (!signal.aborted) show(read, page.next_cursor)
    } catch {
      if (signal.aborted) return
      early = null
      if (more.value === 'loading') more.value = 'failed' // it was given up for this
    }
  }

  function begin(): AbortController {
    loading.abort()
    early = []
    return (loading = new AbortController())
  }

  async function loadMore(): Promise<void> {
    if (state.value !== 'ready' || (more.value !== 'ready' && more.value !== 'failed')) return
    const { signal } = loading
    more.value = 'loading'
    try {
      const page = await fetchPage({ cursor, limit: PAGE_ROWS, signal })
      if (signal.aborted) return
      rows.value = withPage(rows.value, page.items)
      goOnAt(page.next_cursor)
    } catch {
      if (!signal.aborted) more.value = 'failed'
    }
  }

  function fetchPage(place: ListPlace): Promise<Page<Conversation>> {
    return fetchConversations(filter.value, place)
  }

  function show(items: readonly Conversation[], next: string | null): void {
    rows.value = items
    goOnAt(next)
    state.value = 'ready'
    const missed = early ?? []
    early = null
    missed.forEach(apply)
  }

  function goOnAt(next: string | null): void {
    cursor = next
    more.value = next === null ? 'none' : 'ready'
  }

  /** Show a conversation as it is now: in its place, moved, new, or gone from this view. */
  function place(conversation: Conversation): void {
    const last = rows.value.findLast((row) => row.id !== conversation.id)
    const onLaterPage = cursor !== null && last !== undefined && newestFirst(last, conversation) < 0
    const shown = belongs(conversation, filter.value, who()) && !onLaterPage
    rows.value = shown ? withRow(rows.value, conversation) : withoutRow(rows.value, conversation.id)
  }

  function who(): Viewer {
    return { staffId: staffId(), openId: openId() }
  }

  function apply(frame: LiveFrame): void {
    if (frame.type === 'resync') {
      void (state.value === 'ready' ? readAgain() : load())
      return
    }
    early?.push(frame)
    if (state.value !== 'ready') return
    const id = frame.conversation_id
    if (frame.type === 'conversation_removed') {
      if (id !== null) rows.value = withoutRow(rows.value, id)
    } else if (frame.type === 'customer_changed') {
      refresh(frame.data)
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
  function refresh({ customer_id, fields }: LiveFrame['data']): void {
    const theirs = rows.value.filter(({ customer }) => customer?.id === customer_id)
    for (const { id } of theirs) void ask(id)
    // Somebody who was not in the list may be now; the frame does not say with which conversations.
    const joins = filter.value.tags.length > 0 && fields?.includes('tags') === true
    if (joins && theirs.length === 0) void readAgain()
  }

  watch(filter, () => void load(), { immediate: true, deep: true })
  const stop = listen(apply)
  onScopeDispose(() => {
    stop()
    loading.abort()
  })

  return { rows, state, more, loadMore, reload: load, place }
}
