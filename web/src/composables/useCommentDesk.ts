/** What can be done to one comment, and what has been: shared by all comments of a thread. */
import { computed, inject, type ComputedRef, type InjectionKey, ref } from 'vue'

import { ApiError } from '@/api/client'
import { hideComment, likeComment, removeComment } from '@/api/comments'
import type { Channel, Message } from '@/api/types'
import { useNow } from '@/composables/useNow'

export interface CommentDesk {
  channel: () => Channel | undefined
  find: (messageId: string) => Message | undefined
  /** Begin a private answer. */
  privately: (comment: Message) => void
  changed: (comment: Message) => void
  failed: (error: ApiError) => void
}

export const COMMENT_DESK: InjectionKey<CommentDesk> = Symbol('comment desk')

/** `done`: it is in the person's inbox; `going`: on its way; `over`: not any more, or never. */
export type PrivateState = 'possible' | 'going' | 'done' | 'over' | 'none'

const NO_DESK: CommentDesk = {
  channel: () => undefined,
  find: () => undefined,
  privately: () => undefined,
  changed: () => undefined,
  failed: () => undefined,
}

export function useComment(message: ComputedRef<Message>) {
  const desk = inject(COMMENT_DESK, NO_DESK)
  const now = useNow()
  const busy = ref(false)

  const isCustomers = computed(() => message.value.direction === 'in')
  const liked = computed(() =>
    message.value.reactions.some(({ by, emoji }) => by === 'account' && emoji === 'like'),
  )
  const canLike = computed(() => isCustomers.value && desk.channel() === 'facebook')
  const canRemove = computed(
    () => !isCustomers.value && ['sent', 'delivered', 'read'].includes(message.value.status),
  )
  const privateState = computed<PrivateState>(() => {
    const { comment, conversation_id: here } = message.value
    if (!comment || !isCustomers.value) return 'none'
    const answer = comment.private_answer
    if (answer && answer.conversation_id !== here) return 'done'
    const status = answer && desk.find(answer.message_id)?.status
    if (status && status !== 'failed') return status === 'sent' ? 'done' : 'going'
    const until = comment.private_until
    return until !== null && Date.parse(until) > now.value.getTime() ? 'possible' : 'over'
  })
  /** Where the private answer is, once it is in the person's inbox. */
  const home = computed(() => {
    const answer = message.value.comment?.private_answer
    return answer?.conversation_id !== message.value.conversation_id ? (answer ?? null) : null
  })

  async function change(work: () => Promise<Message>): Promise<void> {
    if (busy.value) return
    busy.value = true
    try {
      desk.changed(await work())
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      desk.failed(error)
    } finally {
      busy.value = false
    }
  }

  return {
    busy,
    liked,
    isCustomers,
    canLike,
    canRemove,
    privateState,
    home,
    privately: () => {
      desk.privately(message.value)
    },
    toggleHidden: () => change(() => hideComment(message.value.id, !message.value.hidden)),
    toggleLiked: () => change(() => likeComment(message.value.id, !liked.value)),
    remove: () => change(() => removeComment(message.value.id)),
  }
}
