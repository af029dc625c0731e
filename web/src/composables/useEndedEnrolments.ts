/** Scripts that ended for a customer: the newest are known, older ones are read when asked for. */
import { computed, ref } from 'vue'

import { ApiError } from '@/api/client'
import { type Enrolment, fetchEnrolments } from '@/api/enrolments'
import { isOpen } from '@/composables/useEnrolments'

const PAGE_ROWS = 50

export interface EndedSource {
  customerId: () => string
  newest: () => readonly Enrolment[]
}

export function useEndedEnrolments({ customerId, newest }: EndedSource) {
  const older = ref<Enrolment[]>([])
  const state = ref<'more' | 'loading' | 'all' | 'failed'>('more')
  let cursor: string | null = null

  const items = computed(() => {
    const known = new Set(newest().map(({ id }) => id))
    return [...newest(), ...older.value.filter(({ id }) => !known.has(id))]
  })

  /** Pages hold those that run too, so it reads on until there is something to show. */
  async function loadMore(): Promise<void> {
    if (state.value === 'loading' || state.value === 'all') return
    state.value = 'loading'
    const before = items.value.length
    try {
      do {
        const page: { items: Enrolment[]; next_cursor: string | null } = await fetchEnrolments(
          customerId(),
          { cursor, limit: PAGE_ROWS },
        )
        older.value = [...older.value, ...page.items.filter((one) => !isOpen(one))]
        cursor = page.next_cursor
      } while (cursor !== null && items.value.length === before)
      state.value = cursor === null ? 'all' : 'more'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      state.value = 'failed'
    }
  }

  return { items, state, loadMore }
}
