/** The audit log, page by page, by what one looks for. */
import { computed, ref, watch } from 'vue'

import { type AuditEntry, type AuditFilter, fetchAudit } from '@/api/audit'
import { ApiError } from '@/api/client'

export function useAudit(filter: () => AuditFilter) {
  const entries = ref<AuditEntry[]>([])
  const next = ref<string | null>(null)
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  let reading = 0

  /** What is asked for later is what counts. */
  async function read(cursor: string | null): Promise<void> {
    const mine = (reading += 1)
    state.value = 'loading'
    try {
      const page = await fetchAudit(filter(), cursor)
      if (mine !== reading) return
      entries.value = cursor === null ? page.items : [...entries.value, ...page.items]
      next.value = page.next_cursor
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (mine === reading) state.value = 'failed'
    }
  }

  watch(
    filter,
    () => {
      entries.value = []
      next.value = null
      void read(null)
    },
    { immediate: true, deep: true },
  )

  return {
    entries,
    state,
    hasMore: computed(() => next.value !== null),
    /** Where it stopped: the next page, or the first one again. */
    more: () => read(next.value),
  }
}
