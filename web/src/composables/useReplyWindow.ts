/** Whether, until when and at what cost the channel lets an agent write, as the clock moves. */
import { computed, watch, type Ref } from 'vue'

import type { Conversation } from '@/api/types'
import { useNow } from '@/composables/useNow'

export type WindowState = 'unknown' | 'closed' | 'open' | 'public'

/** `ended` is called when a window runs out: another one may have opened behind it. */
export function useReplyWindow(conversation: Readonly<Ref<Conversation | null>>, ended: () => void) {
  const now = useNow()
  const reply = computed(() => conversation.value?.window ?? null)
  const isOver = computed(() => {
    const until = reply.value?.until
    return until != null && Date.parse(until) <= now.value.getTime()
  })
  const state = computed<WindowState>(() => {
    if (conversation.value === null) return 'unknown'
    if (reply.value === null || isOver.value) return 'closed'
    return reply.value.until === null ? 'public' : 'open'
  })
  const billed = computed(() => {
    const free = reply.value?.free_until
    const spent = free != null && Date.parse(free) <= now.value.getTime()
    return spent || reply.value?.cost === 'billed'
  })
  const canWrite = computed(() => state.value === 'open' || state.value === 'public')

  watch(isOver, (over) => {
    if (over) ended()
  })

  return { reply, state, billed, canWrite }
}

export type ReplyWindowNow = ReturnType<typeof useReplyWindow>
