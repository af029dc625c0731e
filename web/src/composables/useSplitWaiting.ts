/** The leak board: which customers wait or are nobody's, kept current, and what is done about it. */
import { computed, ref } from 'vue'

import { ApiError } from '@/api/client'
import { assign, claim } from '@/api/people'
import { fetchWaiting, type Leak } from '@/api/splitting'
import type { Assignment } from '@/api/types'
import { useRereading } from '@/composables/useRereading'
import type { SplitSource } from '@/composables/useSplitConfig'

const CHANGES = new Set([
  'conversation_changed',
  'conversation_removed',
  'message_received',
  'presence_changed',
  'bot_changed',
])
const PAUSE_MS = 2000
const PAGE_ROWS = 50
const MOST_ROWS = 200 // of a page, as the API has it

export function useSplitWaiting({ botId, listen }: SplitSource) {
  const leaks = ref<Leak[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  const more = ref<'none' | 'ready' | 'loading'>('none')
  /** Something is being done about this conversation. */
  const busyId = ref<string | null>(null)
  /** What was refused, and of which conversation. */
  const refusal = ref<{ id: string; error: ApiError } | null>(null)
  let cursor: string | null = null
  let reading = 0

  /** As many as are shown, from the top. */
  async function load(): Promise<void> {
    const mine = (reading += 1)
    const limit = Math.min(MOST_ROWS, Math.max(PAGE_ROWS, leaks.value.length))
    try {
      const page = await fetchWaiting(botId, { cursor: null, limit })
      if (mine !== reading) return
      leaks.value = page.items
      goOnAt(page.next_cursor)
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (state.value === 'loading') state.value = 'failed' // what is shown stays otherwise
    }
  }

  async function loadMore(): Promise<void> {
    if (more.value !== 'ready') return
    const mine = (reading += 1)
    more.value = 'loading'
    try {
      const page = await fetchWaiting(botId, { cursor, limit: PAGE_ROWS })
      if (mine !== reading) return
      const shown = new Set(leaks.value.map(({ conversation }) => conversation.id))
      leaks.value.push(...page.items.filter(({ conversation }) => !shown.has(conversation.id)))
      goOnAt(page.next_cursor)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (mine === reading) more.value = 'ready'
    }
  }

  function goOnAt(next: string | null): void {
    cursor = next
    more.value = next === null ? 'none' : 'ready'
  }

  /** The board is read again either way: what was refused is often done already. */
  async function act(id: string, work: () => Promise<unknown>): Promise<void> {
    if (busyId.value !== null) return
    busyId.value = id
    refusal.value = null
    try {
      await work()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refusal.value = { id, error }
    }
    await load()
    busyId.value = null
  }

  function give({ conversation }: Leak, wanted: Partial<Assignment>): Promise<void> {
    const from = conversation.assignee
    const body = { staff_id: null, resplit: false, reason: null, ...wanted, from }
    return act(conversation.id, () => assign(conversation.id, body))
  }

  /** By how urgent they are; both in their order. */
  const groups = computed(() => {
    const found = new Map<Leak['urgency'], Leak[]>()
    for (const leak of leaks.value) found.set(leak.urgency, [...(found.get(leak.urgency) ?? []), leak])
    return [...found].map(([urgency, items]) => ({ urgency, items }))
  })

  useRereading(listen, { types: CHANGES, after: PAUSE_MS, read: load })
  void load()
  return {
    leaks,
    groups,
    state,
    more,
    busyId,
    refusal,
    load,
    loadMore,
    take: ({ conversation }: Leak) => act(conversation.id, () => claim(conversation.id)),
    resplit: (leak: Leak) => give(leak, { resplit: true }),
    assignTo: (leak: Leak, staffId: string, reason: string) =>
      give(leak, { staff_id: staffId, reason: reason.trim() === '' ? null : reason.trim() }),
  }
}
