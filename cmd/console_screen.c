/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/console_screen.h"

#include <curses.h>
#include <termios.h>
#include <unistd.h>

static SCREEN *screen;

/* Never by colour alone: each tone also is a word on the page. */
static const struct {
	short pair, color;
	attr_t attributes;
} tones[] = {
	[LW_TONE_PLAIN] = { 0, 0, A_NORMAL },	  [LW_TONE_TITLE] = { 0, 0, A_REVERSE },
	[LW_TONE_LOUD] = { 0, 0, A_BOLD },	  [LW_TONE_GOOD] = { 1, COLOR_GREEN, A_BOLD },
	[LW_TONE_BAD] = { 2, COLOR_RED, A_BOLD }, [LW_TONE_WAIT] = { 3, COLOR_YELLOW, A_BOLD },
};

/* Who has a keyboard stops nothing: no Ctrl-S, no signals. */
static void take_no_orders(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &t) < 0)
		return;
	t.c_iflag &= ~(tcflag_t)(IXON | IXOFF);
	t.c_lflag &= ~(tcflag_t)ISIG;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &t);
	(void)def_prog_mode(); /* as curses is to have it, too */
}

bool lw_screen_open(void)
{
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return false;
	(void)noecho();
	take_no_orders();
	(void)curs_set(0);
	(void)nodelay(stdscr, TRUE);
	if (has_colors() && start_color() == OK) {
		(void)use_default_colors();
		for (size_t i = 0; i < sizeof(tones) / sizeof(tones[0]); i++)
			if (tones[i].pair)
				(void)init_pair(tones[i].pair, tones[i].color, -1);
	}
	return true;
}

/* Keys mean nothing here; a change of the terminal's size comes as one. */
static void drain_keys(void)
{
	for (unsigned i = 0; i < 256 && getch() != ERR; i++)
		;
}

static void put_row(int y, int x, const char *text, enum lw_page_tone tone)
{
	attr_t attributes = tones[tone].attributes;

	if (tones[tone].pair && has_colors())
		attributes |= (attr_t)COLOR_PAIR(tones[tone].pair);
	(void)attrset((int)attributes);
	(void)mvaddnstr(y, x, text, COLS - x);
	for (int at = getcurx(stdscr); tone == LW_TONE_TITLE && at < x + LW_PAGE_COLS - 1 &&
				       at < COLS && getcury(stdscr) == y && at > x;
	     at++)
		(void)addch(' ');
	(void)attrset(A_NORMAL);
}

void lw_screen_show(const struct lw_page *page)
{
	int x, y;

	drain_keys();
	x = COLS > LW_PAGE_COLS ? (COLS - LW_PAGE_COLS) / 2 : 0;
	y = LINES > LW_PAGE_ROWS ? (LINES - LW_PAGE_ROWS) / 2 : 0;
	(void)erase();
	for (int i = 0; i < (int)page->n && y + i < LINES; i++)
		put_row(y + i, x, page->rows[i], page->tones[i]);
	if (COLS < LW_PAGE_COLS || LINES < LW_PAGE_ROWS)
		put_row(LINES - 1, 0, "(80 x 24 characters are needed to show all)",
			LW_TONE_TITLE);
	/* What the kernel has written across it goes. */
	(void)redrawwin(stdscr);
	(void)refresh();
}

void lw_screen_close(void)
{
	if (!screen)
		return;
	(void)endwin();
	delscreen(screen);
	screen = NULL;
}
