/** What the fields of a customer are called, and how their values are read. */
import { useI18n } from 'vue-i18n'

import { useAttributes } from '@/composables/useAttributes'
import { phoneNumber } from '@/text/numbers'

const ATTRIBUTE = 'attributes.'
const OF_CUSTOMER: ReadonlySet<string> = new Set(['name', 'phones', 'emails', 'note', 'followers'])

/** `nameOf`: the name of a member of staff. */
export function useFieldWords(nameOf: (id: string) => string | null) {
  const { t } = useI18n()
  const attributes = useAttributes()

  function labelOf(path: string): string {
    if (path.startsWith(ATTRIBUTE)) return attributes.labelOf(path.slice(ATTRIBUTE.length))
    if (OF_CUSTOMER.has(path)) return t(`customer.${path}`)
    if (path === 'owner') return t('people.owner')
    return path === 'tags' ? t('tags.label') : path
  }

  /** A value as people read it; nothing for none. */
  function spelled(path: string, value: unknown): string {
    if (path.startsWith(ATTRIBUTE)) return attributes.spelled(path.slice(ATTRIBUTE.length), value)
    const words = [value].flat().filter((one) => typeof one === 'string')
    return words.map((one) => word(path, one)).join(', ')
  }

  function word(path: string, text: string): string {
    if (path === 'phones') return phoneNumber(text)
    if (path === 'owner') return nameOf(text) ?? text // another system knows people by other names
    return path === 'followers' ? (nameOf(text) ?? t('author.staff')) : text
  }

  return { labelOf, spelled }
}
