/** The settings of splitting: what is sent of them, and what becomes of them when others change theirs. */
import { flushPromises, mount } from '@vue/test-utils'
import { expect, test } from 'vitest'

import SplitStatus from '@/components/splitting/SplitStatus.vue'
import { rebased, settingsDraft } from '@/composables/splitSettings'
import { dayIn, scheduleOf, spelledSpans, weekDates, weekOf } from '@/composables/splitWeek'
import { useSplitConfig } from '@/composables/useSplitConfig'
import { useSplitSettings } from '@/composables/useSplitSettings'
import { i18n } from '@/i18n'

import { FakeFeed, FakeServer, problem, within } from './fakes'
import { aFrame } from './samples'
import { aSplit } from './splittingSamples'

const SPLIT = '/api/v1/bots/b1/split'

async function writing(server: FakeServer) {
  server.install()
  const feed = new FakeFeed()
  const { store, settings } = within(() => {
    const opened = useSplitConfig({ botId: 'b1', listen: feed.listen })
    return { store: opened, settings: useSplitSettings(opened) }
  })
  await flushPromises()
  return { feed, store, settings }
}

function written(settings: ReturnType<typeof useSplitSettings>) {
  const draft = settings.draft.value
  if (draft === null) throw new Error('nothing is loaded yet')
  return draft
}

test('only what was changed is sent, with the version that was read', async () => {
  const ifMatch: (string | null)[] = []
  const server = new FakeServer().on(`GET ${SPLIT}`, () => aSplit()).on(`PUT ${SPLIT}`, (request) => {
    ifMatch.push(request.headers.get('If-Match'))
    return aSplit({ visibility: 'own', alert: null, version: 4 })
  })
  const { settings } = await writing(server)
  expect(settings.dirty.value).toBe(false)
  written(settings).visibility = 'own'
  written(settings).alert = null
  expect(await settings.save()).toBe(true)
  expect(server.bodies).toEqual([{ visibility: 'own', alert: null }])
  expect(ifMatch).toEqual(['3'])
  expect([settings.dirty.value, settings.saved.value]).toEqual([false, true])
})

test('what the server refuses stands at its field and nothing is lost', async () => {
  const errors = [{ field: 'holidays.0.to', code: 'ends_before_it_begins', message: 'Ngày kết thúc phải sau.' }]
  const server = new FakeServer().on(`GET ${SPLIT}`, () => aSplit()).on(`PUT ${SPLIT}`, () =>
    Response.json({ type: 'about:blank', title: '', status: 422, code: 'invalid_input', detail: 'Sai', errors }, { status: 422 }),
  )
  const { settings } = await writing(server)
  written(settings).holidays.push({ from: '2027-02-08', to: '2027-02-01', name: 'Tết', hours: [] })
  expect(await settings.save()).toBe(false)
  expect(settings.errors.value).toEqual({ 'holidays.0.to': 'Ngày kết thúc phải sau.' })
  expect(written(settings).holidays).toHaveLength(1)
})

test('a clash keeps what was written, takes what others changed, and names what both did', async () => {
  let stored = aSplit()
  const server = new FakeServer()
    .on(`GET ${SPLIT}`, () => stored)
    .on(`PUT ${SPLIT}`, () => problem(412, 'version_clash', 'Người khác vừa sửa.'))
  const { settings } = await writing(server)
  written(settings).visibility = 'own'
  written(settings).replier_takes_over = true
  stored = aSplit({ visibility: 'all', auto_away_after_min: 30, version: 9 })
  await settings.save()
  await flushPromises()
  expect(settings.clashing.value).toEqual(['visibility'])
  expect(settings.changed.value).toEqual(['visibility', 'replier_takes_over'])
  expect(written(settings)).toMatchObject({ visibility: 'own', replier_takes_over: true, auto_away_after_min: 30 })
  settings.discard()
  expect(written(settings).visibility).toBe('all')
})

test('what others change is shown at once where nothing was written', async () => {
  let stored = aSplit()
  const { feed, settings } = await writing(new FakeServer().on(`GET ${SPLIT}`, () => stored))
  stored = aSplit({ replier_takes_over: true, version: 4 })
  feed.say(aFrame({ type: 'bot_changed', conversation_id: null }))
  await flushPromises()
  expect(written(settings).replier_takes_over).toBe(true)
  expect(settings.dirty.value).toBe(false)
})

test('both having changed it to the same is no clash', () => {
  const base = settingsDraft(aSplit())
  const same = { ...base, visibility: 'all' as const }
  expect(rebased(same, base, { ...same }).clashing).toEqual([])
})

test('switching off asks first', async () => {
  const server = new FakeServer()
    .on(`GET ${SPLIT}`, () => aSplit({ enabled: true }))
    .on(`PUT ${SPLIT}`, () => aSplit({ enabled: false, version: 4 }))
  const { store } = await writing(server)
  const status = mount(SplitStatus, { props: { store, mayEdit: true, rehearsing: false }, global: { plugins: [i18n] } })
  await status.get('[data-testid="split-off"]').trigger('click')
  expect(server.bodies).toEqual([])
  await status.get('[data-testid="split-off-sure"]').trigger('click')
  await flushPromises()
  expect(server.bodies).toEqual([{ enabled: false }])
  expect(status.text()).toContain(i18n.global.t('splitting.status.off'))
})

test('the end of a day is written as the field of time knows it', () => {
  const week = weekOf({ weekdays: { mon: [{ from: '08:00', to: '24:00' }] } })
  expect(week.mon).toEqual([{ from: '08:00', to: '00:00' }])
  expect(scheduleOf(week).weekdays.tue).toEqual([])
  expect(spelledSpans([{ from: '08:00', to: '12:00' }, { from: '00:00', to: '00:00' }], 'cả ngày')).toBe('08:00–12:00, cả ngày')
})

test('a week begins on Monday, and today is that of the bot', () => {
  expect(weekDates('2026-11-22')).toMatchObject({ mon: '2026-11-16', sun: '2026-11-22' })
  const lateInUtc = new Date('2026-11-22T18:30:00Z')
  expect(dayIn(lateInUtc, 'Asia/Ho_Chi_Minh')).toBe('2026-11-23')
  expect(dayIn(lateInUtc, 'Europe/Berlin')).toBe('2026-11-22')
})
