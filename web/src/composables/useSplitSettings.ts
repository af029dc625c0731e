/** The settings of splitting as a form: what was written stays when others change theirs meanwhile. */
import { computed, ref, watch } from 'vue'

import { ApiError } from '@/api/client'
import { changeSettings, type SplitConfig } from '@/api/splitting'
import type { ProblemField } from '@/api/types'
import {
  differing,
  rebased,
  type SettingName,
  settingsBody,
  type SettingsDraft,
  settingsDraft,
} from '@/composables/splitSettings'
import type { SplitConfigStore } from '@/composables/useSplitConfig'

export function useSplitSettings(store: SplitConfigStore) {
  const draft = ref<SettingsDraft | null>(null)
  const saving = ref(false)
  const saved = ref(false)
  const refusal = ref<ApiError | null>(null)
  const found = ref<readonly ProblemField[]>([])
  /** What somebody else has changed to something else while it was written here. */
  const clashing = ref<SettingName[]>([])
  const base = ref<SettingsDraft | null>(null)

  const changed = computed(() =>
    draft.value && base.value ? differing(draft.value, base.value) : [],
  )
  const dirty = computed(() => changed.value.length > 0)
  /** By their places: "holidays.0.to". */
  const errors = computed<Record<string, string>>(() =>
    Object.fromEntries(found.value.map(({ field, message }) => [field, message])),
  )

  function begin(config: SplitConfig): void {
    const stored = settingsDraft(config)
    if (draft.value === null || base.value === null || !dirty.value) draft.value = stored
    else {
      const put = rebased(draft.value, base.value, stored)
      draft.value = put.draft
      clashing.value = [...new Set([...clashing.value, ...put.clashing])]
    }
    base.value = settingsDraft(config)
  }

  /** Tells whether it is stored now; `errors` and `refusal` say why not. */
  async function save(): Promise<boolean> {
    const config = store.config.value
    if (saving.value || config === null || draft.value === null) return false
    saving.value = true
    saved.value = false
    refusal.value = null
    found.value = []
    const sent = JSON.parse(JSON.stringify(draft.value)) as SettingsDraft
    try {
      const answer = await changeSettings(store.botId, config.version, settingsBody(sent, changed.value))
      const since = rebased(draft.value, sent, settingsDraft(answer)).draft
      settle(answer)
      draft.value = since // what was written while it was on its way is still to be saved
      saved.value = !dirty.value
      return true
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refusal.value = error
      found.value = error.fields
      if (error.status === 412) await store.load() // what is written is put on what is stored
      return false
    } finally {
      saving.value = false
    }
  }

  function settle(config: SplitConfig): void {
    clashing.value = []
    base.value = settingsDraft(config)
    draft.value = settingsDraft(config)
    store.take(config)
  }

  function discard(): void {
    const config = store.config.value
    refusal.value = null
    found.value = []
    saved.value = false
    if (config !== null) settle(config)
  }

  watch(
    store.config,
    (config) => {
      if (config !== null) begin(config)
    },
    { immediate: true },
  )
  watch(dirty, (now) => {
    if (now) saved.value = false
  })
  return { draft, saving, saved, refusal, errors, clashing, changed, dirty, save, discard }
}
