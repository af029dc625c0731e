/** The rules of splitting: conditions there and back, order, and one rule while it is written. */
import { flushPromises, mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { ref } from 'vue'

import ConditionGroup from '@/components/splitting/ConditionGroup.vue'
import RuleList from '@/components/splitting/RuleList.vue'
import TokenField from '@/components/splitting/TokenField.vue'
import { documentOf, FIELDS, groupOf, newLine, OPERATORS, refielded } from '@/composables/splitConditions'
import { exampleRule, newRule, percentOf, ruleBody, ruleDraft } from '@/composables/splitRule'
import { useSplitChoices } from '@/composables/useSplitChoices'
import { useSplitConfig } from '@/composables/useSplitConfig'
import { useSplitRules } from '@/composables/useSplitRules'
import { i18n } from '@/i18n'

import { FakeFeed, FakeServer, later, problem, within } from './fakes'
import { aRule, aSplit } from './splittingSamples'

const SPLIT = '/api/v1/bots/b1/split'
const TWO = aSplit({
  rules: [aRule(), aRule({ id: 'r2', name: 'Bình luận' }), aRule({ id: 'last', name: 'Mặc định', catch_all: true, when: null })],
})

async function deciding(server: FakeServer) {
  server.install()
  const { listen } = new FakeFeed()
  const desk = within(() => {
    const store = useSplitConfig({ botId: 'b1', listen })
    return { store, rules: useSplitRules(store), choices: useSplitChoices({ botId: 'b1', listen }) }
  })
  await flushPromises()
  return desk
}

function aShop(config = TWO): FakeServer {
  return new FakeServer()
    .on(`GET ${SPLIT}`, () => config)
    .on('GET /api/v1/bots/b1', () => ({ member_ids: ['lan', 'minh'], accounts: [{ id: 'a1', name: 'Trang' }] }))
    .on('GET /api/v1/staff', () => ({
      items: ['lan', 'minh', 'chu'].map((id) => ({ id, name: id, active: true, role: id === 'chu' ? 'owner' : 'sale' })),
      next_cursor: null,
    }))
    .on('GET /api/v1/tags', () => ({ items: [{ id: 't1', name: 'VIP' }] }))
}

test('conditions are sent back as they were, groups within groups included', () => {
  const when = {
    any: [
      { field: 'hour', op: 'between', value: ['22:00', '06:00'] },
      { all: [{ field: 'tag', op: 'not_exists' }, { field: 'attribute', op: 'in', name: 'size', value: ['L', 40, true] }] },
      { field: 'working_hours', op: 'is', value: 'outside' },
    ],
  }
  expect(documentOf(groupOf(when))).toEqual(when)
})

test('what the API knows by two names is read as the one that is offered', () => {
  const read = (line: Record<string, unknown>) => documentOf(groupOf(line))
  expect(read({ field: 'channel', op: 'is', value: 'zalo' })).toEqual({
    all: [{ field: 'channel', op: 'in', value: ['zalo'] }],
  })
  expect(read({ field: 'keyword', op: 'not_in', value: 'giá' })).toEqual({
    all: [{ field: 'keyword', op: 'not_contains', value: ['giá'] }],
  })
  expect(read({ field: 'returning', op: 'is_not', value: true })).toEqual({
    all: [{ field: 'returning', op: 'is', value: false }],
  })
})

test('another kind of condition begins anew, with the comparison that both know', () => {
  const line = { ...newLine('tag'), op: 'not_in' as const, values: ['t1'] }
  expect(refielded(line, 'channel')).toMatchObject({ key: line.key, op: 'not_in', values: [] })
  expect(refielded(line, 'returning')).toMatchObject({ op: 'is', values: [true] })
  expect(FIELDS.every((field) => OPERATORS[field].length > 0)).toBe(true)
})

test('a rule is sent back as it was, and an empty limit is none', () => {
  const rule = aRule({
    mode: 'weighted',
    pool: [{ staff_id: 'lan', weight: 3 }],
    cap: { open: 20, waiting: null },
    rate: { count: 3, per_min: 5 },
    resplit: { after_min: 5, action: 'add', keep: 2, max_rounds: 2, working_hours_only: false },
    fallback_staff_id: 'chu',
    excluded_posts: ['p1'],
  })
  const { id, version, catch_all: last, ...body } = rule
  expect([id, version, last]).toEqual(['r1', 1, false])
  expect(ruleBody(ruleDraft(rule))).toEqual(body)
  const draft = newRule('Mới')
  draft.cap.open = ''
  draft.returning.within_days = ''
  expect(ruleBody(draft)).toMatchObject({ cap: null, keep_returning: { within_days: null }, pool: [], resplit: null })
})

test('shares are equal but where weights count', () => {
  const draft = { ...newRule(''), pool: [{ staff_id: 'lan', weight: 3 }, { staff_id: 'minh', weight: 1 }] }
  const shares = () => draft.pool.map((one) => percentOf(draft, one))
  expect(shares()).toEqual([50, 50])
  draft.mode = 'weighted'
  expect(shares()).toEqual([75, 25])
  draft.pool.forEach((one) => (one.weight = 0))
  expect(shares()).toEqual([0, 0])
})

test('a rule moves at once, and back when the server refuses', async () => {
  const asked = later<Response>()
  const { rules } = await deciding(aShop().on(`POST ${SPLIT}/rules/order`, () => asked.promise))
  const ids = () => rules.rules.value.map(({ id }) => id)
  const moving = rules.move('r2', 0)
  expect(ids()).toEqual(['r2', 'r1', 'last'])
  asked.give(problem(422, 'invalid_input'))
  await expect(moving).rejects.toThrow()
  expect(ids()).toEqual(['r1', 'r2', 'last'])
})

test('rules change places by keyboard and are told about; the last one stays', async () => {
  const order = later<unknown>()
  const server = aShop().on(`POST ${SPLIT}/rules/order`, () => order.promise)
  const { rules, choices } = await deciding(server)
  const list = mount(RuleList, { props: { rules, choices, mayEdit: true }, global: { plugins: [i18n] }, attachTo: document.body })
  expect(list.findAll('[data-testid="rule-grip"]')).toHaveLength(2)
  await list.findAll('[data-testid="rule-grip"]')[0]?.trigger('keydown', { key: 'ArrowDown' })
  await flushPromises()
  expect(server.bodies).toEqual([{ ids: ['r2', 'r1'] }])
  expect(list.get('.only-read[role="status"]').text()).toContain('2')
  expect(list.findAll('h2').map((one) => one.text())).toEqual(['Bình luận', 'Khách hỏi giá', 'Mặc định'])
  order.give(TWO)
  list.unmount()
})

test('a clash keeps the draft, which can go over what is stored', async () => {
  let stored = TWO
  const sent: (string | null)[] = []
  const server = aShop()
    .on(`GET ${SPLIT}`, () => stored)
    .on(`PUT ${SPLIT}/rules/r1`, (request) => {
      sent.push(request.headers.get('If-Match'))
      return sent.length === 1 ? problem(412, 'version_clash', 'Đã có bản mới.') : aRule({ version: 9 })
    })
  const { rules } = await deciding(server)
  rules.edit(aRule())
  expect(rules.dirty.value).toBe(false)
  if (rules.editing.value) rules.editing.value.name = 'Hỏi giá'
  expect(rules.dirty.value).toBe(true)
  stored = aSplit({ rules: [aRule({ version: 8, name: 'Của người khác' }), ...TWO.rules.slice(1)] })
  expect(await rules.save()).toBe(false)
  expect(rules.newer.value?.name).toBe('Của người khác')
  expect(rules.editing.value?.name).toBe('Hỏi giá')
  expect(await rules.overwrite()).toBe(true)
  expect(sent).toEqual(['1', '8'])
  expect(rules.editing.value).toBeNull()
})

test('what the server refuses of a condition stands at that condition', async () => {
  const { choices } = await deciding(aShop())
  const when = ref(groupOf({ all: [{ field: 'tag', op: 'in', value: ['t1'] }, { any: [{ field: 'keyword', op: 'contains', value: [] }] }] }))
  const group = mount(ConditionGroup, {
    props: { modelValue: when.value, choices, errors: { 'all.1.any.0.value': 'Cần từ 1 giá trị.' } },
    global: { plugins: [i18n] },
  })
  const lines = group.findAll('[data-testid="condition"]')
  expect(lines.map((line) => line.find('.wrong').exists())).toEqual([false, true])
  expect(lines[0]?.text()).toContain('VIP')
  expect(lines[1]?.get('input').attributes('aria-invalid')).toBe('true')
})

test('words are told apart while a comma is being written', async () => {
  const field = mount(TokenField, { props: { modelValue: ['giá'], label: 'x', placeholder: 'y', invalid: false } })
  await field.get('input').setValue('giá, ')
  expect(field.get('input').element.value).toBe('giá, ')
  await field.get('input').setValue('giá, bao nhiêu ,')
  expect(field.emitted('update:modelValue')?.at(-1)).toEqual([['giá', 'bao nhiêu']])
})

test('who may only read sees the rules as sentences, and no way to change them', async () => {
  const rule = aRule({
    pool: [{ staff_id: 'minh', weight: 1 }],
    cap: { open: 20, waiting: null },
    resplit: { after_min: 10, action: 'transfer', keep: 1, max_rounds: 3, working_hours_only: true },
    when: { any: [{ field: 'tag', op: 'not_exists' }, { all: [{ field: 'channel', op: 'is', value: 'zalo' }, { field: 'hour', op: 'between', value: ['22:00', '06:00'] }] }] },
  })
  const { rules, choices } = await deciding(aShop(aSplit({ rules: [rule, ...TWO.rules.slice(2)] })))
  const list = mount(RuleList, { props: { rules, choices, mayEdit: false }, global: { plugins: [i18n] } })
  const [first, last] = list.findAll('[data-testid="rule-row"]').map((row) => row.text())
  expect(first).toContain('Thẻ của khách chưa có hoặc (Kênh là Zalo và Giờ nhắn trong khoảng 22:00–06:00)')
  expect(first).toContain('Chia đều · minh · người đang trực tuyến · tối đa 20 cuộc đang mở · chia lại sau 10 phút')
  expect(last).toContain('Mọi hội thoại còn lại')
  for (const what of ['rule-grip', 'rule-up', 'rule-enabled', 'rule-delete', 'rule-new']) {
    expect(list.find(`[data-testid="${what}"]`).exists()).toBe(false)
  }
  await list.get('[data-testid="rule-edit"]').trigger('click')
  expect(list.get('fieldset').attributes('disabled')).toBeDefined()
  expect(list.find('[data-testid="rule-save"]').exists()).toBe(false)
})

test('an example is a rule that can be saved, but for what the shop itself has to choose', () => {
  const body = (example: Parameters<typeof exampleRule>[0]) => ruleBody(exampleRule(example, 'Mẫu', ['giá']))
  expect(body('price')).toMatchObject({ mode: 'even', when: { all: [{ field: 'keyword', op: 'contains', value: ['giá'] }] } })
  expect(body('outside')).toMatchObject({ mode: 'claim', when: { all: [{ field: 'working_hours', op: 'is', value: 'outside' }] } })
  expect(body('comments').when).toEqual({ all: [{ field: 'kind', op: 'in', value: ['comment'] }] })
  expect(body('vip')).toMatchObject({ mode: 'fixed', when: { all: [{ field: 'tag', op: 'in', value: [] }] } })
})
