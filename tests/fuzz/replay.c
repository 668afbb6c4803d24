/* SPDX-License-Identifier: Apache-2.0 */

/* Runs a fuzz target over stored inputs without a fuzzer: files, and all files in folders. */

#include "base/buf.h"
#include "base/mem.h"

#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t inputs;

static void replay_file(const char *path)
{
	lw_auto_file FILE *f = fopen(path, "rbe");
	LW_AUTO(buf) struct lw_buf b = { 0 };
	uint8_t piece[4096];
	size_t n;

	if (!f) {
		perror(path);
		exit(1);
	}
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		lw_buf_add(&b, piece, n);
	if (ferror(f)) {
		perror(path);
		exit(1);
	}

	/* Exactly as large as the input, so that the sanitizer sees a step too far. */
	lw_auto_free uint8_t *exact = lw_alloc(b.n);
	memcpy(exact, lw_buf_str(&b), b.n);
	(void)LLVMFuzzerTestOneInput(exact, b.n);
	inputs++;
}

static void replay_folder(const char *path)
{
	lw_auto_dir DIR *d = opendir(path);

	if (!d) {
		perror(path);
		exit(1);
	}
	for (const struct dirent *entry; (entry = readdir(d));) {
		lw_auto_free char *name = lw_asprintf("%s/%s", path, entry->d_name);
		struct stat st;

		if (stat(name, &st) == 0 && S_ISREG(st.st_mode))
			replay_file(name);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			replay_folder(argv[i]);
		else
			replay_file(argv[i]);
	}
	printf("%zu inputs\n", inputs);
	return inputs > 0 ? 0 : 1;
}
