/** The audit log, page by page, by what one looks for. */
import { watch } from 'vue'

import { type AuditFilter, fetchAudit } from '@/api/audit'
import { usePages } from '@/composables/usePages'

export function useAudit(filter: () => AuditFilter) {
  const { items, state, hasMore, begin, more } = usePages((cursor) => fetchAudit(filter(), cursor))

  watch(filter, () => void begin(), { immediate: true })

  return { entries: items, state, hasMore, more }
}
