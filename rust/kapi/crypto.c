// SPDX-License-Identifier: GPL-2.0
/*
 * Inline functions of the crypto library.
 */
#include <crypto/sha2.h>
#include <crypto/utils.h>
#include <linux/ssi_kapi.h>
#include <linux/string.h>

void ssi_hmac_update(struct hmac_sha256_ctx *context, const u8 *data, size_t bytes)
{
	hmac_sha256_update(context, data, bytes);
}

bool ssi_memory_equal(const void *one, const void *other, size_t bytes)
{
	return !crypto_memneq(one, other, bytes);
}

void ssi_memory_wipe(void *memory, size_t bytes)
{
	memzero_explicit(memory, bytes);
}
