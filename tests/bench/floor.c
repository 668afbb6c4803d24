/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The floor for a load of many small blobs: what any store of files must do that checks
 * digests, and nothing else.
 *
 *	floor FOLDER <LIST
 *
 * LIST has a line "SIZE NAME" for each file. Two threads hash as many bytes as each has, and
 * write them; then all are synced.
 */

#include <err.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS	       2
#define NAME_MAX_BYTES 80
#define CHUNK	       ((size_t)1 << 20)

struct file {
	size_t size;
	char name[NAME_MAX_BYTES];
};

static struct file *files;
static size_t n_files;
static atomic_size_t next_file;
static int folder;
static char chunk[CHUNK];

static void read_list(void)
{
	size_t room = 0, line_room = 0;
	char *line = NULL, *name;

	while (getline(&line, &line_room, stdin) > 0) {
		if (n_files == room) {
			room = room ? 2 * room : 1024;
			files = reallocarray(files, room, sizeof(*files));
			if (!files)
				err(1, "the list");
		}
		files[n_files].size = strtoull(line, &name, 10);
		name[strcspn(name, "\n")] = '\0';
		if (*name != ' ' || strlen(name) > sizeof(files->name))
			errx(1, "no line of a list: %s", line);
		(void)snprintf(files[n_files++].name, sizeof(files->name), "%s", name + 1);
	}
	free(line);
}

static void *write_files(void *arg)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	size_t i;

	while ((i = atomic_fetch_add(&next_file, 1)) < n_files) {
		const char *name = files[i].name;
		int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);

		if (fd < 0)
			err(1, "%s", name);
		if (!hash || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
			errx(1, "no SHA-256");
		for (size_t left = files[i].size; left > 0;) {
			const size_t n = left < CHUNK ? left : CHUNK;

			if (EVP_DigestUpdate(hash, chunk, n) != 1)
				errx(1, "%s: not hashed", name);
			if (write(fd, chunk, n) != (ssize_t)n)
				err(1, "%s", name);
			left -= n;
		}
		if (EVP_DigestFinal_ex(hash, digest, NULL) != 1)
			errx(1, "%s: not hashed", name);
		(void)close(fd);
	}
	EVP_MD_CTX_free(hash);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	if (argc != 2)
		errx(2, "usage: floor FOLDER <LIST");
	folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		err(1, "%s", argv[1]);
	read_list();
	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, write_files, NULL) != 0)
			errx(1, "no thread");
	for (size_t i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	if (syncfs(folder) < 0)
		err(1, "syncfs");
	free(files);
	return 0;
}
