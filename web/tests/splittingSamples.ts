/** How a bot splits, as the server tells it in tests. */
import type { BoardRow, SplitConfig, SplitRule } from '@/api/splitting'

const EVERY_DAY = [{ from: '08:00', to: '23:00' }]

export function aRule(changes: Partial<SplitRule> = {}): SplitRule {
  return {
    id: 'r1',
    name: 'Khách hỏi giá',
    enabled: true,
    catch_all: false,
    when: { all: [{ field: 'keyword', op: 'contains', value: ['giá', 'bao nhiêu'] }] },
    mode: 'even',
    eligible: 'online',
    pool: [],
    cap: null,
    rate: null,
    keep_returning: { enabled: false, within_days: null, whom: 'last_carer', otherwise: 'pass_on' },
    resplit: null,
    redistribute: false,
    fallback_staff_id: null,
    excluded_posts: [],
    version: 1,
    ...changes,
  }
}

export function aSplit(changes: Partial<SplitConfig> = {}): SplitConfig {
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
  return {
    enabled: false,
    visibility: 'own_unassigned',
    replier_becomes_assignee: true,
    replier_takes_over: false,
    time_zone: 'Asia/Ho_Chi_Minh',
    working_hours: { weekdays: Object.fromEntries(days.map((day) => [day, EVERY_DAY])) },
    holidays: [],
    auto_away_after_min: 10,
    alert: { after_min: 15, staff_ids: ['lan'] },
    version: 3,
    rules: [aRule(), aRule({ id: 'last', name: 'Mặc định', catch_all: true, when: null })],
    ...changes,
  }
}

export function aRow(changes: Partial<BoardRow> = {}): BoardRow {
  return {
    staff_id: 'lan',
    name: 'Lan',
    state: 'online',
    since: '2026-11-22T03:00:00Z',
    away_by: null,
    receiving: true,
    on_shift: true,
    shift_changes_at: '2026-11-22T16:00:00Z',
    open: 3,
    waiting: 1,
    caps: [],
    ...changes,
  }
}
