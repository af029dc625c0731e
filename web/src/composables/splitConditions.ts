/** Conditions of a rule while they are written: groups of lines, every line with all it may need. */

export const FIELDS = [
  'channel',
  'account',
  'kind',
  'keyword',
  'tag',
  'province',
  'attribute',
  'returning',
  'post',
  'ad',
  'referral',
  'hour',
  'weekday',
  'working_hours',
] as const
export type FieldName = (typeof FIELDS)[number]

export type Operator =
  | 'is'
  | 'in'
  | 'not_in'
  | 'contains'
  | 'not_contains'
  | 'exists'
  | 'not_exists'
  | 'between'

const LISTED: readonly Operator[] = ['in', 'not_in']
const KNOWN: readonly Operator[] = ['exists', 'not_exists']
const WITHIN: readonly Operator[] = ['contains', 'not_contains']

/** How each may be compared; what the API knows by two names is offered once. */
export const OPERATORS: Record<FieldName, readonly Operator[]> = {
  channel: LISTED,
  account: LISTED,
  kind: LISTED,
  keyword: WITHIN,
  tag: [...LISTED, ...KNOWN],
  province: [...LISTED, ...KNOWN],
  attribute: [...LISTED, ...WITHIN, ...KNOWN],
  returning: ['is'],
  post: [...LISTED, ...KNOWN],
  ad: [...LISTED, ...KNOWN],
  referral: [...LISTED, ...WITHIN, ...KNOWN],
  hour: ['between', ...LISTED],
  weekday: LISTED,
  working_hours: ['is'],
}

export type Plain = string | number | boolean

export interface LineDraft {
  key: string
  field: FieldName
  op: Operator
  /** Of the attribute; of others empty. */
  name: string
  values: Plain[]
  /** "08:00", of `between`. */
  from: string
  to: string
}

export interface GroupDraft {
  key: string
  join: 'all' | 'any'
  members: (GroupDraft | LineDraft)[]
}

export const DEEPEST = 5 // groups within groups, as the API has it

type Document = Record<string, unknown>

export function isGroup(one: GroupDraft | LineDraft): one is GroupDraft {
  return 'join' in one
}

export function newLine(field: FieldName = 'keyword'): LineDraft {
  const line = { key: crypto.randomUUID(), field, name: '', values: [], from: '08:00', to: '17:00' }
  return { ...line, op: OPERATORS[field][0] ?? 'is', values: firstValues(field) }
}

export function newGroup(members: GroupDraft['members'] = [], join: GroupDraft['join'] = 'all'): GroupDraft {
  return { key: crypto.randomUUID(), join, members }
}

function firstValues(field: FieldName): Plain[] {
  if (field === 'returning') return [true]
  return field === 'working_hours' ? ['outside'] : []
}

/** A rule always shows one group, whatever its condition is. */
export function groupOf(when: Document): GroupDraft {
  const read = nodeOf(when)
  return isGroup(read) ? read : newGroup([read])
}

function nodeOf(document: Document): GroupDraft | LineDraft {
  for (const join of ['all', 'any'] as const) {
    const members = document[join]
    if (Array.isArray(members)) return newGroup((members as Document[]).map(nodeOf), join)
  }
  return lineOf(document)
}

function lineOf({ field, op, value, name }: Document): LineDraft {
  const line = newLine(FIELDS.find((one) => one === field) ?? 'keyword')
  if (typeof name === 'string') line.name = name
  const values = [value].flat().filter(isPlain)
  if (op === 'between') {
    line.op = 'between'
    ;[line.from, line.to] = [String(values[0] ?? ''), String(values[1] ?? '')]
    return line
  }
  line.op = offered(line.field, typeof op === 'string' ? op : '')
  line.values = values
  if (line.field === 'returning') line.values = [(values[0] === true) === (op !== 'is_not')]
  return line
}

/** The one of the offered operators that means the same. */
function offered(field: FieldName, op: string): Operator {
  const same: Record<string, Operator> = { is: 'in', is_not: 'not_in' }
  const asWithin: Record<string, Operator> = { in: 'contains', not_in: 'not_contains' }
  const known = OPERATORS[field]
  const meant = field === 'keyword' ? (asWithin[op] ?? op) : op
  return known.find((one) => one === meant) ?? known.find((one) => one === same[op]) ?? known[0] ?? 'is'
}

function isPlain(value: unknown): value is Plain {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

export function documentOf(one: GroupDraft | LineDraft): Document {
  if (isGroup(one)) return { [one.join]: one.members.map(documentOf) }
  const { field, op, values, from, to } = one
  const named = field === 'attribute' ? { field, op, name: one.name } : { field, op }
  if (KNOWN.includes(op)) return named
  if (op === 'between') return { ...named, value: [from, to] }
  return { ...named, value: op === 'is' ? (values[0] ?? null) : [...values] }
}

/** A line that compares another fact begins anew, but for an operator that both know. */
export function refielded(line: LineDraft, field: FieldName): LineDraft {
  const fresh = newLine(field)
  const kept = OPERATORS[field].includes(line.op) ? line.op : fresh.op
  return { ...fresh, key: line.key, op: kept }
}

export const needsNoValue = (op: Operator): boolean => KNOWN.includes(op)
