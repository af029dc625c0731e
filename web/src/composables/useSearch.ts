/** What the search finds besides the list: customers and messages, and which one the keys are on. */
import { computed, onScopeDispose, type Ref, ref, watch } from 'vue'

import { fetchFound, type Found, type SearchPage } from '@/api/search'

const CUSTOMERS = 3
const MESSAGES = 5
const FEWEST_LETTERS = 2

export type SearchState = 'off' | 'loading' | 'ready' | 'failed'

export function useSearch(query: Ref<string>, botId: () => string | null) {
  const state = ref<SearchState>('off')
  const found = ref<Found[]>([])
  const more = ref<string | null>(null)
  /** Whether older messages were not looked through, for the words are too common. */
  const partial = ref(false)
  const active = ref(-1)
  let asking: AbortController | null = null

  function ask(): AbortSignal {
    asking?.abort()
    asking = new AbortController()
    return asking.signal
  }

  function off(): void {
    asking?.abort()
    state.value = 'off'
    found.value = []
    more.value = null
    partial.value = false
    active.value = -1
  }

  async function run(q: string): Promise<void> {
    const signal = ask()
    state.value = 'loading'
    try {
      const [customers, messages] = await Promise.all([
        fetchFound(q, { kind: 'customers', botId: botId(), limit: CUSTOMERS, signal }),
        fetchFound(q, { kind: 'messages', botId: botId(), limit: MESSAGES, signal }),
      ])
      if (signal.aborted) return
      found.value = [...customers.items, ...messages.items]
      active.value = -1
      took(messages)
    } catch {
      if (!signal.aborted) state.value = 'failed'
    }
  }

  /** The next page of messages. */
  async function loadMore(): Promise<void> {
    if (more.value === null || state.value === 'loading') return
    const signal = ask()
    state.value = 'loading'
    try {
      const place = { botId: botId(), limit: MESSAGES, cursor: more.value, signal }
      const page = await fetchFound(query.value, { kind: 'messages', ...place })
      if (signal.aborted) return
      found.value = [...found.value, ...page.items]
      took(page)
    } catch {
      if (!signal.aborted) state.value = 'failed'
    }
  }

  function took(page: SearchPage): void {
    more.value = page.next_cursor
    partial.value = page.partial
    state.value = 'ready'
  }

  /** Down or up; above the first one is the box itself. */
  function step(by: 1 | -1): void {
    active.value = Math.min(Math.max(active.value + by, -1), found.value.length - 1)
  }

  watch(
    [query, botId],
    ([q]) => {
      if (q.length < FEWEST_LETTERS) off()
      else void run(q)
    },
    { immediate: true },
  )
  onScopeDispose(() => asking?.abort())

  const chosen = computed(() => found.value[active.value] ?? null)
  return { state, found, more, partial, active, chosen, step, loadMore, off }
}
