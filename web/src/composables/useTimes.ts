/** The words for times in the chosen language, moving with the clock. */
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'

import { useNow } from '@/composables/useNow'
import { clockTime, dayName, duration, fullTime, momentName, relativeTime, urgency } from '@/text/time'

export function useTimes() {
  const { t, locale } = useI18n()
  const now = useNow()
  // English dates in the order Vietnamese readers expect: day before month.
  const tag = computed(() => (locale.value === 'en' ? 'en-GB' : locale.value))
  const words = computed(() => ({ locale: tag.value, justNow: t('time.justNow') }))

  return {
    ago: (at: string) => relativeTime(new Date(at), now.value, words.value),
    day: (at: string) => dayName(new Date(at), now.value, tag.value),
    clock: (at: string) => clockTime(new Date(at), tag.value),
    moment: (at: string) => momentName(new Date(at), now.value, tag.value),
    full: (at: string) => fullTime(new Date(at), tag.value),
    waited: (since: string) => duration(new Date(since), now.value, tag.value),
    left: (until: string) => duration(now.value, new Date(until), tag.value),
    urgency: (since: string) => urgency(new Date(since), now.value),
  }
}
