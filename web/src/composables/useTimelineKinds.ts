/** The kinds of the timeline with their words, as the server names them. */
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'

import { fetchTimelineKinds } from '@/api/customers'
import { onceRead } from '@/composables/onceRead'

const all = onceRead(fetchTimelineKinds)

export function useTimelineKinds() {
  const { locale } = useI18n()
  const kinds = all()
  const language = computed(() => (locale.value === 'en' ? 'en' : 'vi'))
  const labels = computed(
    () => new Map(kinds.value.map(({ type, label }) => [type, label[language.value]])),
  )
  /** Those that the timeline shows unless it is asked for others. */
  const shown = computed(() => kinds.value.filter(({ hidden }) => !hidden).map(({ type }) => type))

  /** Platforms tell new kinds: those are shown by their name. */
  function labelOf(type: string): string {
    return labels.value.get(type) ?? type
  }

  return { shown, labelOf }
}
