/** A rehearsal of how a bot splits, with what is written and not saved yet. */
import { computed, onScopeDispose, ref, shallowRef } from 'vue'

import { ApiError } from '@/api/client'
import { type DraftRule, type Rehearsal, rehearse, type RehearsalBody, type SettingsBody } from '@/api/splitting'
import { ruleBody, ruleDraft } from '@/composables/splitRule'
import { settingsBody } from '@/composables/splitSettings'
import type { SplitConfigStore } from '@/composables/useSplitConfig'
import type { SplitRules } from '@/composables/useSplitRules'
import type { useSplitSettings } from '@/composables/useSplitSettings'

export const DAYS = [3, 7, 14, 30] as const

export type SplitRehearsal = ReturnType<typeof useSplitRehearsal>

export interface RehearsalSource {
  store: SplitConfigStore
  settings: ReturnType<typeof useSplitSettings>
  rules: SplitRules
}

export function useSplitRehearsal({ store, settings, rules }: RehearsalSource) {
  const days = ref<number>(7)
  const state = ref<'idle' | 'running' | 'ready' | 'failed'>('idle')
  const result = shallowRef<Rehearsal | null>(null)
  const refusal = shallowRef<ApiError | null>(null)
  /** Of what `result` is: the days, what was stored, and what was written besides. */
  const rehearsed = ref('')
  let asking: AbortController | null = null

  const drafted = computed(() => settings.dirty.value || rules.dirty.value)
  const body = computed<RehearsalBody>(() => ({
    days: days.value,
    settings: settings.dirty.value ? draftSettings() : null,
    rules: rules.dirty.value ? draftRules() : null,
  }))
  const now = computed(() => {
    const config = store.config.value
    const stored = [config?.version, ...(config?.rules ?? []).map(({ id, version }) => [id, version])]
    return JSON.stringify([stored, body.value])
  })
  /** What is shown is of what would be switched on now. */
  const current = computed(() => state.value === 'ready' && rehearsed.value === now.value)

  function draftSettings(): SettingsBody {
    const draft = settings.draft.value
    return (draft ? settingsBody(draft, settings.changed.value) : {}) as SettingsBody
  }

  /** All rules in their order, with the one that is being written in its place. */
  function draftRules(): RehearsalBody['rules'] {
    const written = rules.editing.value
    const stored = rules.rules.value.map<DraftRule>((rule) => ({
      ...ruleBody(rule.id === written?.id ? written : ruleDraft(rule)),
      id: rule.id,
    }))
    if (written?.id === null) stored.splice(-1, 0, { ...ruleBody(written), id: null })
    return stored
  }

  async function run(): Promise<void> {
    asking?.abort()
    const mine = (asking = new AbortController())
    const of = now.value
    state.value = 'running'
    refusal.value = null
    try {
      const found = await rehearse(store.botId, body.value, mine.signal)
      if (mine.signal.aborted) return
      result.value = found
      rehearsed.value = of
      state.value = 'ready'
    } catch (error) {
      if (mine.signal.aborted) return
      if (!(error instanceof ApiError)) throw error
      refusal.value = error
      state.value = 'failed'
    }
  }

  /** Which rule an error of the draft is about; null where it is about the settings. */
  function ruleOf(field: string): string | null {
    const place = /^rules\.(\d+)/u.exec(field)?.[1]
    const rule = place === undefined ? undefined : body.value.rules?.[Number(place)]
    return rule?.name ?? null
  }

  onScopeDispose(() => asking?.abort())
  return { days, state, result, refusal, drafted, current, run, ruleOf }
}
