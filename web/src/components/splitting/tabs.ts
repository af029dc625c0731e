/** The parts of the splitting desk, in their order; their words are `splitting.tab.<name>`. */
export const TABS = ['rules', 'settings', 'rehearsal', 'waiting', 'people', 'ledger'] as const

export type TabName = (typeof TABS)[number]
