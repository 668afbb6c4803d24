/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_NOTIFY_H
#define LW_CMD_NOTIFY_H

/*
 * What a service tells systemd (sd_notify(3), Type=notify and WatchdogSec=): a datagram on the
 * socket that $NOTIFY_SOCKET names. Where nobody asked to be told, or cannot be, nothing
 * happens.
 */

/* That it is up. */
void lw_notify_ready(void);

/* That it still turns; cheap to call more often than that is wanted. */
void lw_notify_alive(void);

/* How long it may sleep before it should call that again, for poll(2): milliseconds, -1: for
 * ever. */
int lw_notify_patience(void);

#endif
