/** What nobody tries any more to bring into a CRM, page by page. */
import { ref, watch } from 'vue'

import { fetchCrmParked, type ParkedKind } from '@/api/crmConnections'
import { usePages } from '@/composables/usePages'

export function useCrmParked(connection: string) {
  const kind = ref<ParkedKind | null>(null)
  const pages = usePages((cursor) => fetchCrmParked(connection, kind.value, cursor))

  watch(kind, () => void pages.begin(), { immediate: true })

  return { ...pages, kind }
}
