/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_FETCH_FOLDER_H
#define LW_FETCH_FOLDER_H

/* Folders as the two ends of a TUF client (verify/tuf_client.h): metadata read out of one, and
 * what is trusted kept in one, as "root.json", "targets.json", "<role>.json". */

#include "verify/tuf_client.h"

/* Files of a folder by their names. The descriptor is borrowed. */
struct lw_tuf_transport lw_folder_transport(const int *folder_fd);

/* Roles in a folder, each replaced durably and at once. A role's name is percent-encoded, its
 * capitals too: no two roles have one file, whatever the file system makes of case. One that is
 * too long for that is called by its SHA-256. The descriptor is borrowed. */
struct lw_tuf_store lw_folder_store(const int *folder_fd);

#endif
