/** The kinds of the timeline by what they are about, for its filter. */

/** Groups in the order of the filter; a kind in none is shown under "all". */
export const GROUPS = {
  all: [],
  edits: ['edited'],
  tags: ['tag_added', 'tag_removed'],
  people: ['assignment_changed', 'owner_changed', 'follower_added', 'follower_removed'],
  records: ['merged', 'unmerged', 'bot_changed', 'status_changed'],
  channel: [
    'followed',
    'unfollowed',
    'referral',
    'optin_in',
    'optin_stop',
    'optin_resume',
    'submitted_info',
    'order',
    'feedback',
    'account_linked',
    'account_unlinked',
  ],
} as const

export type Group = keyof typeof GROUPS

/** Kinds that have words of their own. */
export const NAMED: ReadonlySet<string> = new Set(Object.values(GROUPS).flat())
