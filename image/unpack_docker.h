/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_UNPACK_DOCKER_H
#define LW_IMAGE_UNPACK_DOCKER_H

/* Private to image/: inside landwaiter-unpack. What `docker save` and its kin say of the images
 * of an archive: manifest.json, and each image's configuration. */

#include "image/unpack_tar.h"

/* LW_E_FORMAT, LW_E_LIMIT, LW_E_CONFLICT (it is an OCI layout as well). */
int lw_docker_read(int fd, const struct lw_tar_members *m, struct lw_docker_images *ret,
		   struct lw_error *e) LW_WARN_UNUSED;

#endif
