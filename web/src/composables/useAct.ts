/** Something that a person has the server do: busy meanwhile, and what was refused, by field. */
import { computed, ref } from 'vue'
import { useI18n } from 'vue-i18n'

import { ApiError } from '@/api/client'

export function useAct() {
  const { t } = useI18n()
  const busy = ref(false)
  const error = ref<ApiError | null>(null)
  /** Fields that have a place of their own for what is wrong with them. */
  const shown = new Set<string>()

  /** Whether it went well; a second one at the same time is not begun. */
  async function act(work: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    error.value = null
    try {
      await work()
      return true
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure
      error.value = failure
      return false
    } finally {
      busy.value = false
    }
  }

  /** What is wrong with a field, for the place beside it. */
  function wrong(field: string): string | null {
    shown.add(field)
    return error.value?.fields.find((one) => one.field === field)?.message ?? null
  }

  /** What is wrong besides fields that show it themselves. */
  const refusal = computed(() => {
    if (error.value === null) return null
    const others = error.value.fields.filter(({ field }) => !shown.has(field))
    if (others.length > 0) return others.map(({ message }) => message).join(' ')
    if (error.value.fields.length > 0) return null
    return error.value.message || t('error.unreachable')
  })

  return { busy, error, refusal, act, wrong }
}
