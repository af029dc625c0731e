/** A sentence that the server gives in both languages, in the chosen one. */
import { useI18n } from 'vue-i18n'

export function useSentence(): (sentence: { vi: string; en: string }) => string {
  const { locale } = useI18n()
  return ({ vi, en }) => (locale.value === 'en' ? en : vi)
}
