/** Writing one automation: what is entered, saved only over what was read, and what is wrong. */
import { computed, ref } from 'vue'

import {
  addAutomation,
  type Automation,
  changeAutomation,
  fetchAutomation,
  type NewAutomation,
} from '@/api/automations'
import { ApiError } from '@/api/client'
import { bodyOf, changesOf, draftOf, newAutomation } from '@/composables/automationDraft'

/** Those that stand beside a field of the form. */
const FIELDS = new Set([
  'name', 'url', 'page_id', 'app_secret', 'verify_token', 'events', 'answers', 'answer_within_s',
  'hand_back_after_s',
])

/** `automation` null: a new one. */
export function useAutomationForm(botId: string, automation: Automation | null) {
  const saved = ref(automation)
  const draft = ref(automation ? draftOf(automation) : newAutomation())
  const saving = ref(false)
  const refusal = ref<ApiError | null>(null)

  const clash = computed(() => refusal.value?.status === 412)
  /** By the names of the API; the first of an element stands for its list. */
  const errors = computed<Record<string, string>>(() =>
    Object.fromEntries(
      [...(refusal.value?.fields ?? [])]
        .reverse()
        .map(({ field, message }) => [field.split('.')[0] ?? field, message]),
    ),
  )
  /** What no field of the form says; '' when nobody was reached. */
  const general = computed(() => {
    if (refusal.value === null || clash.value) return null
    const others = Object.entries(errors.value).filter(([name]) => !FIELDS.has(name))
    if (others.length > 0) return others.map(([, message]) => message).join(' ')
    return refusal.value.fields.length > 0 ? null : refusal.value.message
  })

  async function attempt<T>(work: () => Promise<T>): Promise<T | null> {
    if (saving.value) return null
    saving.value = true
    refusal.value = null
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refusal.value = error
      return null
    } finally {
      saving.value = false
    }
  }

  /** What was made, with its secrets; null when it was refused. */
  function make(): Promise<NewAutomation | null> {
    return attempt(() => addAutomation(botId, bodyOf(draft.value)))
  }

  /** The automation as it is now; null when it was refused. */
  function save(): Promise<Automation | null> {
    return attempt(async () => {
      const before = saved.value
      if (before === null) return null
      const after = await changeAutomation(before, changesOf(draft.value, before))
      saved.value = after
      draft.value = draftOf(after)
      return after
    })
  }

  /** What somebody else made of it replaces what was entered. */
  async function reload(): Promise<void> {
    const before = saved.value
    if (before === null) return
    const found = await attempt(() =>
      fetchAutomation({ bot_id: before.bot_id, automation_id: before.id }),
    )
    if (found === null) return
    saved.value = found
    draft.value = draftOf(found)
  }

  return { draft, saving, clash, errors, general, make, save, reload }
}
