/** What an entry of the audit log says was changed, as single fields with what they were and are. */

export interface AuditChange {
  /** A path, such as `split.visibility`. */
  field: string
  /** Undefined where only one of the two is told, both where only the field is. */
  before?: unknown
  after?: unknown
}

/** What tells people nothing. */
const MACHINERY = new Set([
  '_id', 'id', 'key', 'initials', 'flow', 'position', 'version', 'revision', 'created_by', 'updated_at',
])

/** Objects of which every field is told for itself; others have changed, and that is all. */
const OPENED = new Set(['split', 'rule', 'label'])

/** The sentence says already what something new is called. */
const NAMING = new Set(['name', 'shortcut'])

export function auditChanges(changes: Readonly<Record<string, unknown>>): AuditChange[] {
  return Object.entries(changes).flatMap(([field, value]) => changesOf(field, value))
}

function changesOf(field: string, value: unknown): AuditChange[] {
  if (MACHINERY.has(lastOf(field))) return []
  if (!isRecord(value)) return value === null ? [] : [told(field, undefined, value)]
  if ('before' in value || 'after' in value) return between(field, value['before'], value['after'])
  const parts = Object.entries(value)
  if (parts.length === 0) return [{ field }] // that it changed, never what it is
  return parts.flatMap(([name, part]) => changesOf(`${field}.${name}`, part))
}

/** Of two objects only the fields in which they differ. */
function between(field: string, before: unknown, after: unknown): AuditChange[] {
  if (MACHINERY.has(lastOf(field))) return []
  if (!isRecord(before) && !isRecord(after)) {
    if (before === null || before === undefined) return ofNew(field, after)
    return isEmpty(before) && isEmpty(after) ? [] : [told(field, before, after)]
  }
  if (!OPENED.has(field)) return isEmpty(before) ? [] : [{ field }]
  const [old, now] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}]
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])]
  return names
    .filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]))
    .flatMap((name) => between(`${field}.${name}`, old[name], now[name]))
}

/** Of something new only what is not as it begins, and can be told in a line. */
function ofNew(field: string, value: unknown): AuditChange[] {
  if (isEmpty(value) || isDeep(value) || value === false || NAMING.has(field)) return []
  return [told(field, undefined, value)]
}

/** Lists of objects, such as the steps of a script, are not spelled out: only that they changed. */
function told(field: string, before: unknown, after: unknown): AuditChange {
  if (isDeep(before) || isDeep(after)) return { field }
  return {
    field,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  }
}

/** The last name of a path. */
export function lastOf(field: string): string {
  return field.slice(field.lastIndexOf('.') + 1)
}

export function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
}

function isDeep(value: unknown): boolean {
  return isRecord(value) || (Array.isArray(value) && value.some((one) => typeof one === 'object'))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
