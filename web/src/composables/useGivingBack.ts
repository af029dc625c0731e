/** Letting automations speak again in one conversation, by a press. */
import { ref } from 'vue'

import { ApiError } from '@/api/client'
import { giveBack } from '@/api/conversations'

export function useGivingBack(conversationId: () => string) {
  const giving = ref(false)
  const trouble = ref<ApiError | null>(null)

  /** What was refused is told; the feed brings what was not. */
  async function give(): Promise<void> {
    if (giving.value) return
    giving.value = true
    trouble.value = null
    try {
      await giveBack(conversationId())
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      trouble.value = error
    }
    giving.value = false
  }

  return { giving, trouble, give }
}
