/** The signing secrets of one automation: a new one beside the old, then the old one retired. */
import { ref } from 'vue'

import { addSecret, type AutomationPlace, retireSecrets } from '@/api/automations'
import { ApiError } from '@/api/client'

export function useAutomationSecrets(place: () => AutomationPlace) {
  const busy = ref(false)
  const refusal = ref<ApiError | null>(null)

  async function attempt<T>(work: () => Promise<T>): Promise<T | null> {
    if (busy.value) return null
    busy.value = true
    refusal.value = null
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refusal.value = error
      return null
    } finally {
      busy.value = false
    }
  }

  return {
    busy,
    refusal,
    /** The new secret; null when it was refused. */
    make: () => attempt(() => addSecret(place())),
    /** Whether it was done. */
    retire: async () =>
      (await attempt(async () => {
        await retireSecrets(place())
        return true
      })) ?? false,
  }
}
