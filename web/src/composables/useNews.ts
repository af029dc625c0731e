/** Messages that come while nobody looks: counted in the title, and told by the desktop. */
import { onScopeDispose, ref } from 'vue'

import type { Conversation, LiveFrame, Message } from '@/api/types'

/** How many came since somebody looked last; the title of the page shows it. */
export const news = ref(0)

export interface News {
  message: Message
  conversationId: string
}

export interface NewsSource {
  listen: (listener: (frame: LiveFrame) => void) => () => void
  staffId: () => string
  tell: (news: News) => void
}

export function useNews({ listen, staffId, tell }: NewsSource): void {
  const seen = new Set<string>()

  function look(): void {
    if (isLookedAt()) news.value = 0
  }

  const stop = listen(({ type, conversation_id, data }) => {
    const { message } = data
    if (type !== 'message_received' || !message || conversation_id === null) return
    if (message.direction !== 'in' || data.late === true || data.replaces !== undefined) return
    if (!concerns(data.conversation, staffId()) || isLookedAt()) return
    if (seen.has(message.id)) return // the feed may repeat itself
    seen.add(message.id)
    news.value += 1
    tell({ message, conversationId: conversation_id })
  })

  document.addEventListener('visibilitychange', look)
  window.addEventListener('focus', look)
  onScopeDispose(() => {
    stop()
    news.value = 0
    document.removeEventListener('visibilitychange', look)
    window.removeEventListener('focus', look)
  })
}

function isLookedAt(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus()
}

/** What a colleague has in hand, and spam, is not for everybody to hear. */
function concerns(conversation: Partial<Conversation> | undefined, staffId: string): boolean {
  const { assignee = null, participants = [], status = 'open' } = conversation ?? {}
  if (status === 'spam' || status === 'deleted') return false
  return assignee === null || assignee === staffId || participants.includes(staffId)
}
