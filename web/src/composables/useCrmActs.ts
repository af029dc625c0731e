/** What people do about a customer's record in a CRM, one thing at a time. */
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'

import { ApiError } from '@/api/client'
import { type CrmRecord, linkCrm, syncCrm } from '@/api/crm'

export interface CrmActsSource {
  customerId: string
  connection: string
  took: (card: CrmRecord) => void
}

export function useCrmActs({ customerId, connection, took }: CrmActsSource) {
  const { t } = useI18n()
  const busy = ref<'sync' | 'again' | 'link' | null>(null)
  const refusal = ref<string | null>(null)
  /** How far the record was when the last one was done. */
  const result = ref<CrmRecord['state'] | null>(null)

  async function run(name: 'sync' | 'again' | 'link', act: () => Promise<CrmRecord>): Promise<void> {
    if (busy.value !== null) return
    busy.value = name
    refusal.value = null
    result.value = null
    try {
      const card = await act()
      took(card)
      result.value = card.state
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refusal.value = error.message || t('error.unreachable')
    } finally {
      busy.value = null
    }
  }

  return {
    busy,
    refusal,
    result,
    sync: () => run('sync', () => syncCrm(customerId, connection, { makeAgain: false })),
    makeAgain: () => run('again', () => syncCrm(customerId, connection, { makeAgain: true })),
    choose: (recordId: string) => run('link', () => linkCrm(customerId, connection, recordId)),
  }
}
