/** Why telling an automation went as it did, in words; the server gives a status or a stable word. */
import { useI18n } from 'vue-i18n'

const KNOWN = new Set(['timeout', 'no_connection', 'address_refused', 'unreachable', 'challenge'])
const OF_STATUS: Readonly<Record<number, string>> = {
  401: 'denied',
  403: 'denied',
  404: 'missing',
  410: 'gone',
  429: 'busy',
}

export interface Outcome {
  status: number | null
  error: string | null
}

/** The word under `automations.reason`. */
export function reasonOf({ status, error }: Outcome): string {
  if (status === null) return error !== null && KNOWN.has(error) ? error : 'broken'
  if (status < 300) return 'taken'
  if (status < 400) return 'redirect'
  return OF_STATUS[status] ?? (status < 500 ? 'refused' : 'server')
}

export function useAutomationWords() {
  const { t } = useI18n()

  return {
    reason: (outcome: Outcome) =>
      t(`automations.reason.${reasonOf(outcome)}`, {
        status: outcome.status ?? '',
        error: outcome.error ?? '',
      }),
    /** The server counts up to a thousand. */
    counted: (count: number) => (count < 1000 ? String(count) : t('automations.many', { count })),
  }
}
