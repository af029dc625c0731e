/** The rules of a bot in their order: moved, switched, deleted, and one of them written. */
import { computed, ref, shallowRef } from 'vue'

import { ApiError } from '@/api/client'
import { addRule, changeRule, deleteRule, orderRules, type SplitRule } from '@/api/splitting'
import type { ProblemField } from '@/api/types'
import { moved } from '@/composables/scriptDraft'
import { ruleBody, type RuleDraft, ruleDraft } from '@/composables/splitRule'
import type { SplitConfigStore } from '@/composables/useSplitConfig'

export type SplitRules = ReturnType<typeof useSplitRules>

export function useSplitRules(store: SplitConfigStore) {
  const { botId, config } = store
  /** The order that is on its way to the server. */
  const order = shallowRef<readonly string[] | null>(null)
  const editing = ref<RuleDraft | null>(null)
  const busy = ref(false)
  const refusal = ref<ApiError | null>(null)
  const found = ref<readonly ProblemField[]>([])
  let begun = ''

  const rules = computed<SplitRule[]>(() => {
    const all = config.value?.rules ?? []
    const placed = order.value
    if (placed === null) return all
    const at = new Map(placed.map((id, place) => [id, place]))
    return [...all].sort((one, other) => (at.get(one.id) ?? Infinity) - (at.get(other.id) ?? Infinity))
  })
  const movable = computed(() => rules.value.filter((rule) => !rule.catch_all))
  const dirty = computed(() => editing.value !== null && written(editing.value) !== begun)
  const errors = computed<Record<string, string>>(() =>
    Object.fromEntries(found.value.map(({ field, message }) => [field, message])),
  )
  /** The stored rule is newer than the one that is being written. */
  const newer = computed(() => {
    const draft = editing.value
    const stored = config.value?.rules.find(({ id }) => id === draft?.id)
    return draft !== null && stored !== undefined && stored.version > draft.version ? stored : null
  })

  function written(draft: RuleDraft): string {
    return JSON.stringify(ruleBody(draft))
  }

  function open(draft: RuleDraft): void {
    editing.value = draft
    begun = written(draft)
    refusal.value = null
    found.value = []
  }

  function close(): void {
    editing.value = null
    refusal.value = null
    found.value = []
  }

  /** Put a rule at this place, at once; throws ApiError, and then the old order is shown. */
  async function move(id: string, to: number): Promise<void> {
    const from = movable.value.findIndex((rule) => rule.id === id)
    const ids = moved(movable.value.map((rule) => rule.id), from, to)
    if (from === -1 || ids.indexOf(id) === from) return
    order.value = ids
    try {
      const saved = await orderRules(botId, ids)
      if (order.value === ids) store.take(saved)
    } finally {
      if (order.value === ids) order.value = null
    }
  }

  /** Throws ApiError; the rules are read again either way. */
  async function change(work: () => Promise<unknown>): Promise<void> {
    busy.value = true
    try {
      await work()
    } finally {
      await store.load()
      busy.value = false
    }
  }

  function turn(rule: SplitRule, enabled: boolean): Promise<void> {
    return change(() => changeRule(botId, rule, ruleBody({ ...ruleDraft(rule), enabled })))
  }

  function remove(rule: SplitRule): Promise<void> {
    return change(() => deleteRule(botId, rule.id))
  }

  /** Tells whether it is stored now; `errors` and `refusal` say why not. */
  async function save(): Promise<boolean> {
    const draft = editing.value
    if (draft === null || busy.value) return false
    refusal.value = null
    found.value = []
    try {
      await change(() => {
        const body = ruleBody(draft)
        const { id, version } = draft
        return id === null ? addRule(botId, body) : changeRule(botId, { id, version }, body)
      })
      close()
      return true
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refusal.value = error
      found.value = error.fields
      return false
    }
  }

  /** Save over what somebody else has stored meanwhile. */
  function overwrite(): Promise<boolean> {
    if (editing.value !== null && newer.value !== null) editing.value.version = newer.value.version
    return save()
  }

  return {
    rules,
    movable,
    editing,
    busy,
    refusal,
    errors,
    dirty,
    newer,
    create: open,
    edit: (rule: SplitRule) => {
      open(ruleDraft(rule))
    },
    close,
    move,
    turn,
    remove,
    save,
    overwrite,
  }
}
