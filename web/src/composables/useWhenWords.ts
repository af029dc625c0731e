/** Why a step goes out when it does, in one sentence. */
import { useI18n } from 'vue-i18n'

import type { Choice } from '@/api/catalogue'
import type { WhenDraft } from '@/composables/scriptDraft'

export function useWhenWords(dates: () => readonly Choice[]) {
  const { t, locale } = useI18n()

  function amount(count: number, unit: WhenDraft['unit']): string {
    const format = { style: 'unit', unit, unitDisplay: 'long' } as const
    return new Intl.NumberFormat(locale.value, format).format(count)
  }

  function byDate({ attribute, days, clock }: WhenDraft): string {
    const date = dates().find(({ id }) => id === attribute)?.name ?? attribute
    const values = { date, clock, days: amount(Math.abs(days), 'day') }
    if (days === 0) return t('scripts.try.why.onDate', values)
    return t(days < 0 ? 'scripts.try.why.beforeDate' : 'scripts.try.why.afterDate', values)
  }

  /** `first`: counted from the start, for there is no step before it. */
  return function why(when: WhenDraft, first: boolean): string {
    switch (when.kind) {
      case 'delay': {
        if (when.n === 0) return t(first ? 'scripts.try.why.atOnce' : 'scripts.try.why.atOnceAfterStep')
        const values = { amount: amount(when.n, when.unit) }
        return t(first ? 'scripts.try.why.afterStart' : 'scripts.try.why.afterStep', values)
      }
      case 'clock': {
        const values = { clock: when.clock, days: amount(when.days, 'day') }
        return t(first ? 'scripts.try.why.clockAfterStart' : 'scripts.try.why.clockAfterStep', values)
      }
      case 'fixed':
        return t('scripts.try.why.fixed')
      case 'attribute':
        return byDate(when)
    }
  }
}
