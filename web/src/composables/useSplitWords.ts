/** Rules of splitting as sentences: their conditions, and who gets what they meet. */
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'

import type { SplitRule } from '@/api/splitting'
import { useAttributes } from '@/composables/useAttributes'
import { type GroupDraft, groupOf, isGroup, type LineDraft, needsNoValue, type Plain } from '@/composables/splitConditions'
import { BY_HAND } from '@/composables/splitRule'
import type { SplitChoices } from '@/composables/useSplitChoices'

export function useSplitWords(choices: SplitChoices) {
  const { t, locale } = useI18n()
  const attributes = useAttributes()
  const list = computed(() => new Intl.ListFormat(locale.value, { type: 'disjunction' }))

  function valueName({ field, name }: Pick<LineDraft, 'field' | 'name'>, value: Plain): string {
    const text = String(value)
    switch (field) {
      case 'channel':
        return t(`channel.${text}`)
      case 'kind':
        return t(`kind.${text}`)
      case 'weekday':
        return t(`scripts.weekday.${text}`)
      case 'working_hours':
        return t(`splitting.inside.${text}`)
      case 'returning':
        return t(value === true ? 'splitting.returning.yes' : 'splitting.returning.no')
      case 'account':
        return choices.accounts.value.find(({ id }) => id === text)?.name ?? text
      case 'tag':
        return choices.tags.value.find(({ id }) => id === text)?.name ?? text
      case 'attribute':
        return attributes.spelled(name, value) || text
      case 'hour':
        return t('splitting.oclock', { hour: text })
      case 'keyword':
        return `“${text}”`
      default:
        return text
    }
  }

  function line(one: LineDraft): string {
    const field = one.field === 'attribute' ? attributes.labelOf(one.name) : t(`splitting.field.${one.field}`)
    const op = t(`splitting.op.${one.op}`)
    if (needsNoValue(one.op)) return `${field} ${op}`
    if (one.op === 'between') return `${field} ${op} ${one.from}–${one.to}`
    const values = list.value.format(one.values.map((value) => valueName(one, value)))
    return one.op === 'is' ? values : `${field} ${op} ${values}`
  }

  function group({ join, members }: GroupDraft): string {
    const parts = members.map((one) => {
      if (!isGroup(one)) return line(one)
      return one.members.length > 1 ? `(${group(one)})` : group(one)
    })
    return parts.join(` ${t(`splitting.join.${join}Word`)} `)
  }

  /** "Từ khoá chứa “giá” và Kênh là Facebook". */
  function condition(when: SplitRule['when']): string {
    if (when === null) return t('splitting.rule.everythingElse')
    const text = group(groupOf(when))
    return text.charAt(0).toLocaleUpperCase(locale.value) + text.slice(1)
  }

  /** "Chia đều · 3 người được chọn · người đang trực tuyến · giữ khách cũ". */
  function giving(rule: SplitRule): string {
    const whom = BY_HAND.has(rule.mode) ? [] : [poolOf(rule), ...limitsOf(rule)]
    return [t(`splitting.mode.${rule.mode}`), ...whom, ...extrasOf(rule)].join(' · ')
  }

  function poolOf(rule: SplitRule): string {
    const [first] = rule.pool
    const named = first && rule.pool.length === 1 ? choices.nameOf(first.staff_id) : null
    if (named !== null) return named
    return rule.pool.length === 0
      ? t('splitting.pool.everybody', { count: choices.members.value.length })
      : t('splitting.pool.count', { count: rule.pool.length })
  }

  function limitsOf({ eligible, cap, rate }: SplitRule): string[] {
    return [
      eligible === 'all' ? '' : t(`splitting.eligible.${eligible}`),
      cap?.open ? t('splitting.brief.open', { count: cap.open }) : '',
      cap?.waiting ? t('splitting.brief.waiting', { count: cap.waiting }) : '',
      rate ? t('splitting.brief.rate', { count: rate.count, minutes: rate.per_min }) : '',
    ].filter(Boolean)
  }

  function extrasOf({ keep_returning: keep, resplit }: SplitRule): string[] {
    return [
      keep.enabled ? t('splitting.brief.returning') : '',
      resplit ? t('splitting.brief.resplit', { minutes: resplit.after_min }) : '',
    ].filter(Boolean)
  }

  return { condition, giving, valueName }
}
