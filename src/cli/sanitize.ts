// Text from agents, repositories and files is data: before a terminal shows it, nothing in it is left that a terminal
// would act on, or that makes it look like something else.

/** C0 (but tab and line feed), DEL, C1, and what turns the direction of text or hides in it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const ACTING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Every such character becomes one visible mark. */
export const safe = (text: string): string => text.replace(ACTING, '\u{fffd}')

/** The same on one line. */
export const safeLine = (text: string): string => safe(text.replace(/[\t\n\r]+/g, ' '))
