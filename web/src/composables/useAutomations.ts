/** The automations of a bot as a list: switched, deleted, and read anew while somebody looks. */
import { ref, watch } from 'vue'

import {
  type Automation,
  changeAutomation,
  deleteAutomation,
  fetchAutomations,
} from '@/api/automations'
import { ApiError } from '@/api/client'
import { useNow } from '@/composables/useNow'

export function useAutomations(botId: () => string | null) {
  const automations = ref<Automation[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  const busy = ref(false)
  const refusal = ref<ApiError | null>(null)

  async function load(): Promise<void> {
    const bot = botId()
    if (bot === null) return
    try {
      const found = await fetchAutomations(bot)
      if (bot !== botId()) return // another bot was chosen meanwhile
      automations.value = found
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (bot === botId() && state.value === 'loading') state.value = 'failed' // what is shown stays otherwise
    }
  }

  /** Whether it was done; what was refused is told, and the list is read again either way. */
  async function change(work: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    refusal.value = null
    try {
      await work()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refusal.value = error
    }
    await load()
    busy.value = false
    return refusal.value === null
  }

  watch(
    botId,
    () => {
      automations.value = []
      refusal.value = null
      state.value = 'loading'
      void load()
    },
    { immediate: true },
  )
  // How telling goes changes by itself.
  watch(useNow(), () => {
    if (state.value === 'ready' && !busy.value) void load()
  })

  return {
    automations,
    state,
    busy,
    refusal,
    load,
    turn: (one: Automation, enabled: boolean) => change(() => changeAutomation(one, { enabled })),
    remove: ({ bot_id, id }: Automation) =>
      change(() => deleteAutomation({ bot_id, automation_id: id })),
  }
}
