/** The scripts a customer is on: an answer shows at once, and gives way to what is read then. */
import { computed, reactive, ref, shallowReactive } from 'vue'

import { ApiError } from '@/api/client'
import {
  type Attached,
  attachScripts,
  detachEnrolment,
  type Enrolment,
  type EnrolmentAction,
  steerEnrolment,
} from '@/api/enrolments'

export interface EnrolmentsSource {
  customerId: () => string
  conversationId: () => string
  /** As the server said last. */
  items: () => readonly Enrolment[]
  /** Reads them anew; ends when they are shown. */
  changed: () => Promise<void>
}

export function isOpen({ status }: Enrolment): boolean {
  return status === 'active' || status === 'paused'
}

export function useEnrolments({ customerId, conversationId, items, changed }: EnrolmentsSource) {
  const answers = shallowReactive(new Map<string, Enrolment>())
  const leaving = reactive(new Set<string>())
  const busy = reactive(new Set<string>())
  /** What was refused, by enrolment. */
  const troubles = reactive(new Map<string, ApiError>())
  const attaching = ref(false)
  const refusal = ref<ApiError | null>(null)
  /** The scripts that were to be attached last, as errors count them. */
  const asked = ref<readonly string[]>([])
  /** What became of each script that was attached last. */
  const outcomes = ref<readonly Attached[]>([])

  const known = computed(() => items().map((one) => answers.get(one.id) ?? one))
  const running = computed(() => known.value.filter((one) => isOpen(one) && !leaving.has(one.id)))
  const ended = computed(() => known.value.filter((one) => !isOpen(one)))

  /** Whether the server took it; which scripts it took stands in `outcomes`. */
  async function attach(scriptIds: readonly string[]): Promise<boolean> {
    if (attaching.value || scriptIds.length === 0) return false
    attaching.value = true
    asked.value = scriptIds
    refusal.value = null
    outcomes.value = []
    try {
      outcomes.value = await attachScripts(customerId(), scriptIds, conversationId())
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refusal.value = error
    }
    await changed()
    attaching.value = false
    return refusal.value === null
  }

  async function steer({ id }: Enrolment, action: EnrolmentAction): Promise<void> {
    let answer: Enrolment | undefined
    await change(id, async () => {
      answer = await steerEnrolment(customerId(), id, action)
      answers.set(id, answer)
    })
    if (answers.get(id) === answer) answers.delete(id) // not that of a later press
  }

  async function detach({ id }: Enrolment): Promise<void> {
    leaving.add(id)
    await change(id, () => detachEnrolment(customerId(), id))
    leaving.delete(id)
  }

  /** The next press may come as soon as this one is answered; reading goes on behind it. */
  async function change(id: string, ask: () => Promise<void>): Promise<void> {
    if (busy.has(id)) return
    busy.add(id)
    troubles.delete(id)
    outcomes.value = []
    try {
      await ask()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      troubles.set(id, error)
      leaving.delete(id)
    }
    busy.delete(id)
    await changed()
  }

  return {
    running,
    ended,
    busy,
    troubles,
    attaching,
    refusal,
    asked,
    outcomes,
    attach,
    steer,
    detach,
  }
}
