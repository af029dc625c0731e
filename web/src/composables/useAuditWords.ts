/** The changes of the audit log in words: what a field is called, and what its values mean. */
import { useI18n } from 'vue-i18n'

import { useFieldWords } from '@/composables/useFieldWords'
import { useTimes } from '@/composables/useTimes'
import { isEmpty, lastOf, type AuditChange } from '@/text/auditChanges'

/** Fields that have words of their own in `audit.field`. */
const NAMED = new Set([
  'name', 'email', 'role', 'active', 'password', 'receiving', 'schedule', 'member_ids', 'crm_sync', 'enabled',
  'visibility', 'scopes', 'bot_id', 'account', 'accounts', 'channel', 'reason', 'since', 'until', 'to', 'bots', 'rules',
  'shortcut', 'text', 'colour', 'retired_at', 'usage', 'steps', 'triggers', 'stops', 'window', 'label', 'type', 'options',
  'other', 'connection', 'before', 'after', 'kind', 'customers', 'everyone', 'paused', 'mode', 'eligible', 'pool',
  'when', 'cap', 'rate', 'order', 'fallback_staff_id', 'alert', 'hours', 'holidays', 'time_zone', 'resplit',
  'keep_returning', 'auto_away', 'outside_window', 'outside', 'repeat', 'crm_record', 'vi', 'en',
])
const OF_CUSTOMER = new Set(['phones', 'emails', 'note', 'owner', 'followers'])
/** Their values are words of ours. */
const SPELLED: Readonly<Record<string, string>> = {
  role: 'role',
  visibility: 'botSettings.sights',
  scopes: 'tokens.scope',
  channel: 'channel',
  colour: 'tags.colours',
  outside: 'scripts.outside',
  kind: 'crmSettings.kinds',
  mode: 'audit.mode',
  eligible: 'audit.mayGet',
}
const MOMENT = /^\d{4}-\d\d-\d\dT/u
const LONGEST = 200 // characters of a value; the rest stands in what was changed

export function useAuditWords(nameOf: (id: string) => string | null) {
  const { t } = useI18n()
  const { moment } = useTimes()
  const fields = useFieldWords(nameOf)

  function isOfCustomer(field: string): boolean {
    return OF_CUSTOMER.has(field) || field.startsWith('attributes.')
  }

  function labelOf(field: string): string {
    if (field === 'owner_id') return t('people.owner')
    if (field === 'follower_ids') return t('customer.followers')
    if (isOfCustomer(field)) return fields.labelOf(field)
    const last = lastOf(field)
    return NAMED.has(last) ? t(`audit.field.${last}`) : last
  }

  function spelled(field: string, value: unknown): string {
    if (isEmpty(value)) return t('field.nothing')
    if (typeof value === 'boolean') return t(value ? 'attribute.yes' : 'attribute.no')
    if (isOfCustomer(field) && field !== 'owner') return fields.spelled(field, value) || t('field.nothing')
    return [value].flat().map((one) => word(lastOf(field), one)).join(', ')
  }

  function word(field: string, value: unknown): string {
    if (typeof value !== 'string') return typeof value === 'number' ? String(value) : ''
    if (field in SPELLED) return t(`${SPELLED[field] ?? ''}.${value}`)
    if (MOMENT.test(value)) return moment(value)
    const text = nameOf(value) ?? value
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  }

  /** One line: "Tên: An → Ánh", "Thành viên: thêm Lan", "Mật khẩu: đã đổi". */
  function lineOf(change: AuditChange): string {
    const label = labelOf(change.field)
    const { before, after } = change
    if (Array.isArray(before) && Array.isArray(after)) return listLine(label, change.field, before, after)
    if (before === undefined && after === undefined) return t('audit.changed', { label })
    if (before === undefined) return t('audit.value', { label, value: spelled(change.field, after) })
    if (after === undefined) return t('audit.value', { label, value: spelled(change.field, before) })
    const values = { before: spelled(change.field, before), after: spelled(change.field, after) }
    return t('timeline.change', { label, ...values })
  }

  function listLine(label: string, field: string, before: unknown[], after: unknown[]): string {
    const added = after.filter((one) => !before.includes(one))
    const removed = before.filter((one) => !after.includes(one))
    const parts = [
      ...(added.length > 0 ? [t('audit.added', { values: spelled(field, added) })] : []),
      ...(removed.length > 0 ? [t('audit.removed', { values: spelled(field, removed) })] : []),
    ]
    return parts.length > 0 ? t('audit.value', { label, value: parts.join('; ') }) : t('audit.changed', { label })
  }

  return { lineOf }
}
