/** What nobody tries any more to bring into a CRM, page by page. */
import { computed, ref, watch } from 'vue'

import { ApiError } from '@/api/client'
import { fetchCrmParked, type Parked, type ParkedKind } from '@/api/crmConnections'

export function useCrmParked(connection: string) {
  const rows = ref<Parked[]>([])
  const kind = ref<ParkedKind | null>(null)
  const next = ref<string | null>(null)
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  let reading = 0

  /** What is asked for later is what counts. */
  async function read(cursor: string | null): Promise<void> {
    const mine = (reading += 1)
    state.value = 'loading'
    try {
      const page = await fetchCrmParked(connection, kind.value, cursor)
      if (mine !== reading) return
      rows.value = cursor === null ? page.items : [...rows.value, ...page.items]
      next.value = page.next_cursor
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (mine === reading) state.value = 'failed'
    }
  }

  watch(kind, () => void read(null), { immediate: true })

  return {
    rows,
    kind,
    state,
    hasMore: computed(() => next.value !== null),
    load: () => read(null),
    more: () => read(next.value),
  }
}
