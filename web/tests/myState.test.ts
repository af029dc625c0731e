/** One's own switches: shown as the server says, kept current live, and saved on a press. */
import { flushPromises } from '@vue/test-utils'
import { expect, test } from 'vitest'

import type { LiveFrame, MyState } from '@/api/types'
import { useMyState } from '@/composables/useMyState'

import { FakeFeed, FakeServer, later, problem, within } from './fakes'
import { aFrame } from './samples'

const ME = 'GET /api/v1/me'
const CHANGE = 'PATCH /api/v1/me'
const ONLINE: MyState = {
  presence: { state: 'online', since: '2026-11-22T03:00:00Z', away_by: null },
  receiving: true,
}
const AWAY: MyState = {
  presence: { state: 'away', since: '2026-11-22T04:00:00Z', away_by: 'self' },
  receiving: true,
}

function me(state: MyState): object {
  return { staff: null, bots: [], scopes: [], csrf_token: null, ...state }
}

function changed(staffId: string, { presence, receiving }: MyState): LiveFrame {
  const data = { staff_id: staffId, ...presence, receiving }
  return aFrame({ type: 'presence_changed', conversation_id: null, data })
}

async function aState(first: MyState = ONLINE) {
  const server = new FakeServer().on(ME, () => me(first)).install()
  const feed = new FakeFeed()
  const state = within(() => useMyState({ staffId: () => 'lan', listen: feed.listen }))
  await flushPromises()
  return { server, feed, ...state }
}

test('follows what the server says of oneself, and of nobody else', async () => {
  const { feed, mine } = await aState()
  expect(mine.value).toEqual(ONLINE)
  feed.say(changed('minh', AWAY))
  expect(mine.value).toEqual(ONLINE)
  feed.say(changed('lan', { ...AWAY, receiving: false }))
  expect(mine.value).toEqual({ ...AWAY, receiving: false })
})

test('reads anew when frames were missed', async () => {
  const { server, feed, mine } = await aState()
  server.on(ME, () => me(AWAY))
  feed.say(aFrame({ type: 'resync', conversation_id: null }))
  await flushPromises()
  expect(mine.value).toEqual(AWAY)
})

test('news overtakes an answer that was on its way', async () => {
  const { server, feed, mine } = await aState()
  const answer = later<object>()
  server.on(ME, () => answer.promise)
  feed.say(aFrame({ type: 'resync', conversation_id: null }))
  feed.say(changed('lan', AWAY))
  answer.give(me(ONLINE))
  await flushPromises()
  expect(mine.value).toEqual(AWAY)
})

test('saves a press once, and stays as it was when that fails', async () => {
  const { server, mine, change } = await aState()
  server.on(CHANGE, () => AWAY)
  await Promise.all([change({ presence: 'away' }), change({ presence: 'away' })])
  expect(server.bodies).toEqual([{ presence: 'away', receiving: null }])
  expect(mine.value).toEqual(AWAY)

  server.on(CHANGE, () => problem(503, 'unavailable'))
  await expect(change({ receiving: false })).rejects.toThrow()
  expect(mine.value).toEqual(AWAY)
})
