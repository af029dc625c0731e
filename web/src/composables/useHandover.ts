/** How far a handover is: asked when told to, and then until it is done. */
import { onScopeDispose, ref } from 'vue'

import { ApiError } from '@/api/client'
import { fetchHandover, type Handover } from '@/api/staff'

const ASK_EVERY_MS = 1500

export function useHandover(staffId: string) {
  const handover = ref<Handover | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Nothing where none was ever begun. */
  async function look(): Promise<void> {
    clearTimeout(timer)
    try {
      handover.value = await fetchHandover(staffId)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status === 404) return
    }
    if (handover.value?.done_at === null) timer = setTimeout(() => void look(), ASK_EVERY_MS)
  }

  onScopeDispose(() => {
    clearTimeout(timer)
  })

  return { handover, look }
}
