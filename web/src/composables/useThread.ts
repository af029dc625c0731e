/** The messages of one open conversation: pages upwards, live messages below, jumps in between. */
import { computed, type InjectionKey, onScopeDispose, ref } from 'vue'

import { fetchMessages } from '@/api/conversations'
import type { LiveFrame, Message } from '@/api/types'
import { mergeMessages } from '@/composables/threadMessages'

const PAGE_MESSAGES = 40
const AGAIN_AFTER_MS = 5_000

/** Asks for a message anew, whose links have expired. */
export const RENEW_MESSAGE: InjectionKey<(messageId: string) => void> = Symbol('renew message')

export type ThreadState = 'loading' | 'ready' | 'failed'
export type MoreState = 'none' | 'ready' | 'loading' | 'failed'

export interface ThreadSource {
  conversationId: string
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

export function useThread({ conversationId, listen }: ThreadSource) {
  const messages = ref<Message[]>([])
  const state = ref<ThreadState>('loading')
  const older = ref<MoreState>('none')
  const newer = ref<MoreState>('none')
  /** Whether the newest message is shown; not so after a jump into the past. */
  const atLatest = computed(() => newer.value === 'none')
  let cursor: string | null = null
  let newerCursor: string | null = null
  let early: Message[] = []
  const renewing = new Set<string>()
  let reading = 0
  /** The message that is being jumped to. */
  let aim: string | null = null
  let again: ReturnType<typeof setTimeout> | undefined

  async function load({ quiet = false, around = null as string | null } = {}): Promise<void> {
    const mine = (reading += 1)
    early = []
    aim = around
    clearTimeout(again)
    if (!quiet) state.value = 'loading'
    try {
      const page = await fetchMessages(conversationId, { around, limit: PAGE_MESSAGES })
      if (mine !== reading) return
      const reachesEnd = page.previous_cursor == null
      const joins = reachesEnd && around === null && overlaps(page.items)
      const known = joins ? messages.value : []
      messages.value = mergeMessages(known, [...page.items, ...(reachesEnd ? early : [])])
      setCursors(joins ? cursor : page.next_cursor, page.previous_cursor ?? null)
      state.value = 'ready'
      aim = null
    } catch {
      if (mine === reading) missed(quiet, around)
    }
  }

  /** Whether what is shown goes on in the newest page: then older pages stay where they are read. */
  function overlaps(newest: readonly Message[]): boolean {
    const shown = new Set(messages.value.map(({ id }) => id))
    return newest.some(({ id }) => shown.has(id))
  }

  /** What is shown stays, and is read once more by itself: nothing may be missing in it for long. */
  function missed(quiet: boolean, around: string | null): void {
    if (!quiet || state.value === 'loading') state.value = 'failed'
    if (older.value === 'loading') older.value = 'failed'
    if (newer.value === 'loading') newer.value = 'failed'
    if (state.value === 'ready') {
      again = setTimeout(() => void load({ quiet: true, around }), AGAIN_AFTER_MS)
    }
  }

  async function loadOlder(): Promise<void> {
    if (state.value !== 'ready' || (older.value !== 'ready' && older.value !== 'failed')) return
    const mine = reading
    older.value = 'loading'
    try {
      const page = await fetchMessages(conversationId, { cursor, limit: PAGE_MESSAGES })
      if (mine !== reading) return
      messages.value = mergeMessages(page.items, messages.value)
      setCursors(page.next_cursor, newerCursor)
    } catch {
      if (mine === reading) older.value = 'failed'
    }
  }

  async function loadNewer(): Promise<void> {
    if (newer.value !== 'ready' && newer.value !== 'failed') return
    const mine = reading
    newer.value = 'loading'
    try {
      const page = await fetchMessages(conversationId, {
        cursor: newerCursor,
        limit: PAGE_MESSAGES,
      })
      if (mine !== reading) return
      const reachesEnd = page.previous_cursor == null
      messages.value = mergeMessages(messages.value, [...page.items, ...(reachesEnd ? early : [])])
      setCursors(cursor, page.previous_cursor ?? null)
    } catch {
      if (mine === reading) newer.value = 'failed'
    }
  }

  function setCursors(toOlder: string | null, toNewer: string | null): void {
    cursor = toOlder
    newerCursor = toNewer
    older.value = toOlder === null ? 'none' : 'ready'
    newer.value = toNewer === null ? 'none' : 'ready'
  }

  /** Load the page around a message, unless it is here already. */
  async function reach(messageId: string): Promise<void> {
    if (messages.value.some((message) => message.id === messageId)) return
    await load({ quiet: true, around: messageId })
  }

  /** Read a message again: links to its files live some hours only. */
  async function renew(messageId: string): Promise<void> {
    if (renewing.has(messageId)) return
    renewing.add(messageId)
    const mine = reading
    try {
      const page = await fetchMessages(conversationId, { around: messageId, limit: 1 })
      const message = page.items.find(({ id }) => id === messageId)
      if (mine === reading && message) show(message)
    } catch {
      // it stays as it is: shown as something that cannot be loaded
    } finally {
      renewing.delete(messageId)
    }
  }

  function apply(frame: LiveFrame): void {
    if (frame.type === 'resync') {
      if (atLatest.value) void load({ quiet: true, around: aim })
    } else if (frame.conversation_id === conversationId && frame.data.message) {
      show(frame.data.message)
    }
  }

  function show(message: Message): void {
    early.push(message)
    const known = messages.value.some(({ id }) => id === message.id)
    if (state.value === 'ready' && (known || atLatest.value)) {
      messages.value = mergeMessages(messages.value, [message])
    }
  }

  /**
   * Take what the server answered to a request about a message that stood here as `before`
   * (undefined: it was not here). The feed may have been faster, and knows more.
   */
  function answered(message: Message, before?: Message): void {
    const now = [...messages.value, ...early].findLast(({ id }) => id === message.id)
    if (now?.status === before?.status && now?.error?.at === before?.error?.at) show(message)
  }

  const stop = listen(apply)
  onScopeDispose(() => {
    stop()
    clearTimeout(again)
    reading += 1
  })
  void load()

  return {
    messages,
    state,
    older,
    newer,
    atLatest,
    loadOlder,
    loadNewer,
    reach,
    renew,
    answered,
    retry: () => load(),
    latest: () => load({ quiet: true }),
    /** What the server answered to a change that is settled when it answers. */
    took: show,
  }
}
