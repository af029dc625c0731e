/** The scripts of a bot as a list: switched, copied and deleted. */
import { ref, watch } from 'vue'

import { ApiError } from '@/api/client'
import { changeScript, cloneScript, deleteScript, fetchScripts, type ScriptRow } from '@/api/scripts'

export function useScripts(botId: () => string | null) {
  const scripts = ref<ScriptRow[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  const busy = ref(false)
  const refusal = ref<ApiError | null>(null)

  async function load(): Promise<void> {
    const bot = botId()
    if (bot === null) return
    try {
      const found = await fetchScripts(bot)
      if (bot !== botId()) return // another bot was chosen meanwhile
      scripts.value = found
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (bot !== botId()) return
      if (state.value === 'loading') state.value = 'failed' // what is shown stays otherwise
    }
  }

  /** What was refused is told, and the list is read again either way. */
  async function change(work: (bot: string) => Promise<unknown>): Promise<void> {
    const bot = botId()
    if (busy.value || bot === null) return
    busy.value = true
    refusal.value = null
    try {
      await work(bot)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refusal.value = error
    }
    await load()
    busy.value = false
  }

  watch(
    botId,
    () => {
      scripts.value = []
      refusal.value = null
      state.value = 'loading'
      void load()
    },
    { immediate: true },
  )
  return {
    scripts,
    state,
    busy,
    refusal,
    load,
    turn: (script: ScriptRow, enabled: boolean) =>
      change((bot) => changeScript(bot, script, { enabled })),
    clone: (script: ScriptRow) => change((bot) => cloneScript(bot, script.id)),
    remove: (script: ScriptRow) => change((bot) => deleteScript(bot, script.id)),
  }
}
