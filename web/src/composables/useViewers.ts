/** Which colleagues have the conversation open right now. */
import { onScopeDispose, ref, type Ref } from 'vue'

import type { LiveFrame, Viewing } from '@/api/types'

export interface ViewersSource {
  conversationId: string
  staffId: () => string
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

/** Our own coming is told to everybody, ourselves included: so the first list comes by itself. */
export function useViewers({ conversationId, staffId, listen }: ViewersSource): Ref<Viewing[]> {
  const viewers = ref<Viewing[]>([])

  onScopeDispose(
    listen(({ type, conversation_id, data }) => {
      if (type !== 'viewers_changed' || conversation_id !== conversationId) return
      viewers.value = (data.staff ?? []).filter(({ id }) => id !== staffId())
    }),
  )

  return viewers
}
