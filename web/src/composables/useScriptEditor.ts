/** One script on its page: loaded, changed, previewed while it is written, and saved. */
import { computed, onScopeDispose, ref, watch } from 'vue'

import { ApiError } from '@/api/client'
import {
  addScript,
  changeScript,
  fetchScript,
  previewScript,
  type Script,
  type ScriptBody,
  type StepTime,
  type StepWarning,
} from '@/api/scripts'
import type { ProblemField } from '@/api/types'
import { bodyOf, draftOf, newScript, previewOf, type ScriptDraft } from '@/composables/scriptDraft'

const PREVIEW_AFTER_MS = 400
/** Only told once somebody has tried to save: who is still writing knows. */
const UNFINISHED = new Set(['required', 'empty_content', 'nothing_to_send', 'no_moment'])

export interface ScriptPlace {
  botId: string
  /** null: a new one */
  scriptId: string | null
}

export function useScriptEditor({ botId, scriptId }: ScriptPlace) {
  const draft = ref<ScriptDraft>(newScript())
  const saved = ref<Script | null>(null)
  const state = ref<'loading' | 'ready' | 'missing' | 'failed'>('loading')
  const saving = ref(false)
  const refusal = ref<ApiError | null>(null)
  const warnings = ref<StepWarning[]>([])
  const times = ref<StepTime[]>([])
  const timeZone = ref('')
  /** When the preview begins; null is now. */
  const startAt = ref<string | null>(null)
  const found = ref<readonly ProblemField[]>([])
  let attempted = false
  let asking: AbortController | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let kept = JSON.stringify(bodyOf(draft.value))

  const written = computed(() => JSON.stringify(bodyOf(draft.value)))
  const unsaved = ref(0) // grows with every save, so that `dirty` is worked out anew
  const dirty = computed(() => unsaved.value >= 0 && written.value !== kept)
  /** By their places: "steps.2.when.n". */
  const errors = computed<Record<string, string>>(() =>
    Object.fromEntries(found.value.map(({ field, message }) => [field, message])),
  )

  async function load(): Promise<void> {
    state.value = 'loading'
    try {
      const id = saved.value?.id ?? scriptId // a new one has its id since it was saved
      if (id !== null) begin(await fetchScript(botId, id))
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      state.value = error.status === 404 ? 'missing' : 'failed'
    }
  }

  function begin(script: Script): void {
    saved.value = script
    draft.value = draftOf(script)
    settle(script, bodyOf(draft.value))
  }

  /** `stored`: what of the draft the server has; it may have been written on meanwhile. */
  function settle(script: Script, stored: ScriptBody): void {
    kept = JSON.stringify(stored)
    unsaved.value += 1
    warnings.value = script.warnings
    found.value = []
    refusal.value = null
    attempted = false
  }

  /** The script as it is saved; null when it was refused, and then `errors` or `refusal` say why. */
  async function save(): Promise<Script | null> {
    if (saving.value) return null
    saving.value = true
    attempted = true
    clearTimeout(timer) // saving checks more than a preview
    asking?.abort()
    refusal.value = null
    try {
      const body = bodyOf(draft.value)
      const sent = draft.value.steps.map(({ key }) => key)
      const script = saved.value
        ? await changeScript(botId, saved.value, body)
        : await addScript(botId, body)
      saved.value = script
      const ids = sent.map((_, place) => script.steps[place]?.id ?? null)
      for (const step of draft.value.steps) {
        const place = sent.indexOf(step.key) // what is on the page keeps its keys
        if (place !== -1) step.id = ids[place] ?? null
      }
      settle(script, {
        ...body,
        steps: body.steps.map((step, place) => ({ ...step, id: ids[place] ?? null })),
      })
      return script
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      found.value = error.fields
      refusal.value = error
      return null
    } finally {
      saving.value = false
    }
  }

  async function preview(): Promise<void> {
    asking?.abort()
    const { signal } = (asking = new AbortController())
    try {
      const shown = await previewScript(botId, previewOf(draft.value), {
        start_at: startAt.value,
        signal,
      })
      times.value = shown.steps
      warnings.value = shown.warnings
      timeZone.value = shown.time_zone
      found.value = []
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof ApiError)) throw error
      if (error.status !== 422) return // the times that are shown stay
      times.value = []
      found.value = error.fields.filter(({ code }) => attempted || !UNFINISHED.has(code))
    }
  }

  watch([written, startAt, state], () => {
    clearTimeout(timer)
    if (state.value === 'ready') timer = setTimeout(() => void preview(), PREVIEW_AFTER_MS)
  })
  onScopeDispose(() => {
    clearTimeout(timer)
    asking?.abort()
  })

  void load()
  return {
    draft, saved, state, saving, refusal, errors, warnings, times, timeZone, startAt, dirty, load, save,
  }
}

/** The errors of one part, by their places within it. */
export function under(errors: Record<string, string>, place: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(errors)
      .filter(([path]) => path === place || path.startsWith(`${place}.`))
      .map(([path, message]) => [path.slice(place.length + 1), message]),
  )
}
