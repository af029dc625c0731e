/** Tells the server how far a thread was read, while somebody really has it before them. */
import { onScopeDispose, watch, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import { markRead } from '@/api/conversations'

const LOOK_MS = 700 // passing through the list with the arrow keys reads nothing

/** `seq` is the highest number shown, 0 while nothing is; `readSeq` what the server knows. */
export function useMarkRead(
  conversationId: string,
  seq: Readonly<Ref<number>>,
  readSeq: Readonly<Ref<number>>,
): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let sent = 0

  function look(): void {
    clearTimeout(timer)
    if (document.visibilityState !== 'visible' || unread() === 0) return
    timer = setTimeout(() => void tell(), LOOK_MS)
  }

  function unread(): number {
    return Math.max(0, seq.value - Math.max(readSeq.value, sent))
  }

  async function tell(): Promise<void> {
    if (unread() === 0) return
    const upTo = (sent = seq.value)
    try {
      await markRead(conversationId, upTo)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      sent = Math.min(sent, readSeq.value) // the next message, or coming back to the tab, tries again
    }
  }

  watch([seq, readSeq], look, { immediate: true })
  document.addEventListener('visibilitychange', look)
  onScopeDispose(() => {
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', look)
  })
}
