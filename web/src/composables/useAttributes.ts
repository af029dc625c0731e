/** The catalogue of attributes, and how their values are read. */
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'

import { type Attribute, fetchAttributes } from '@/api/attributes'
import { onceRead } from '@/composables/onceRead'

const catalogue = onceRead(fetchAttributes)

export function useAttributes() {
  const { t, locale } = useI18n()
  const all = catalogue()
  const language = computed(() => (locale.value === 'en' ? 'en' : 'vi'))
  const byKey = computed(() => new Map(all.value.map((one) => [one.key, one])))

  /** The words for a key, or the key itself while nobody knows it. */
  function labelOf(key: string): string {
    return byKey.value.get(key)?.label[language.value] ?? key
  }

  /** A value as people read it; nothing for none. */
  function spelled(key: string, value: unknown): string {
    if (typeof value === 'boolean') return t(value ? 'attribute.yes' : 'attribute.no')
    if (Array.isArray(value)) return value.map((one) => optionOf(key, one)).join(', ')
    if (typeof value === 'number') return new Intl.NumberFormat(locale.value).format(value)
    if (typeof value !== 'string' || value === '') return ''
    return byKey.value.get(key)?.type === 'date' ? dayOf(value) : optionOf(key, value)
  }

  function optionOf(key: string, value: unknown): string {
    const option = byKey.value.get(key)?.options.find((one) => one.value === value)
    return option?.label[language.value] ?? (typeof value === 'string' ? value : '')
  }

  /** "28/2/1990"; a day has no time and no zone. */
  function dayOf(iso: string): string {
    const day = new Date(`${iso}T00:00:00Z`)
    if (Number.isNaN(day.getTime())) return iso
    const tag = locale.value === 'en' ? 'en-GB' : locale.value
    return new Intl.DateTimeFormat(tag, { timeZone: 'UTC' }).format(day)
  }

  return { all, language, labelOf, spelled }
}

/** What an attribute holds before there is a value, by its type. */
export function emptyValue({ type }: Pick<Attribute, 'type'>): string | string[] {
  return type === 'multi_choice' ? [] : ''
}
