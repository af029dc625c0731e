/** How oneself is: here or on a break, and whether one gets conversations; kept current live. */
import { onScopeDispose, readonly, ref } from 'vue'

import { ApiError } from '@/api/client'
import { changeMe, fetchMe } from '@/api/session'
import type { LiveFrame, MyState, MyStateChange } from '@/api/types'

export interface MyStateSource {
  staffId: () => string
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

export function useMyState({ staffId, listen }: MyStateSource) {
  const mine = ref<MyState | null>(null)
  const saving = ref(false)
  let news = 0 // an answer that was asked for before the last news is older than it

  async function load(): Promise<void> {
    const asked = (news += 1)
    try {
      const { presence, receiving } = await fetchMe()
      if (asked !== news || presence === null || receiving === null) return
      mine.value = { presence, receiving }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error // the next resync asks again
    }
  }

  /** Throws ApiError when it could not be saved; everything is as it was then. */
  async function change(wanted: MyStateChange): Promise<void> {
    if (saving.value) return
    saving.value = true
    try {
      const saved = await changeMe(wanted)
      news += 1
      mine.value = saved
    } finally {
      saving.value = false
    }
  }

  const stop = listen(({ type, data }) => {
    if (type === 'resync') void load()
    if (type !== 'presence_changed' || data.staff_id !== staffId() || !data.state) return
    news += 1
    mine.value = {
      presence: { state: data.state, since: data.since ?? null, away_by: data.away_by ?? null },
      receiving: data.receiving ?? true,
    }
  })
  onScopeDispose(stop)
  void load()

  return { mine: readonly(mine), saving: readonly(saving), change }
}
