// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped files and their pages.
 *
 * mmap(2), and so exec, begins with pages the host's file has now. A shared
 * mapping that stays sees no writes of other nodes until the file is opened,
 * mapped or looked at again on this one; its own are written back at msync,
 * munmap and close.
 */

#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/writeback.h>

#include "coherent.h"

static void shared_vm_close(struct vm_area_struct *vma)
{
	const loff_t start = (loff_t)vma->vm_pgoff << PAGE_SHIFT;

	filemap_fdatawrite_range(vma->vm_file->f_mapping, start,
				 start + vma->vm_end - vma->vm_start - 1);
}

static const struct vm_operations_struct shared_vm_ops = {
	.close		= shared_vm_close,
	.fault		= filemap_fault,
	.map_pages	= filemap_map_pages,
	.page_mkwrite	= filemap_page_mkwrite,
};

int coherent_mmap_prepare(struct vm_area_desc *desc)
{
	int err = coherent_refresh(file_inode(desc->file));

	if (!err)
		err = generic_file_mmap_prepare(desc);
	if (!err && vma_desc_test(desc, VMA_SHARED_BIT))
		desc->vm_ops = &shared_vm_ops;

	return err;
}

/*
 * Writes what of a locked folio lies within the host's file. A node cannot make
 * a file longer by a mapping, so what is beyond the end has been cut off, maybe
 * by another node and unknown to this one's i_size. What makes the file longer
 * here has done so at the host before it lets a page there become dirty.
 */
static int write_folio(struct folio *folio)
{
	struct inode *inode = folio->mapping->host;
	unsigned long long pos = folio_pos(folio);
	struct hostfs_stat st;
	int err = stat_file(NULL, &st, hostfs_fd(inode));
	char *buffer;
	int len, n;

	if (!err && st.size > pos) {
		len = min_t(u64, folio_size(folio), st.size - pos);
		buffer = kmap_local_folio(folio, 0);
		n = write_file(hostfs_fd(inode), &pos, buffer, len);
		kunmap_local(buffer);
		if (n != len)
			err = n < 0 ? n : -EIO;
	}
	if (err)
		mapping_set_error(folio->mapping, err);

	return err;
}

int coherent_writepages(struct address_space *mapping,
			struct writeback_control *wbc)
{
	struct folio *folio = NULL;
	int err = 0;

	while ((folio = writeback_iter(mapping, wbc, folio, &err))) {
		err = write_folio(folio);
		folio_unlock(folio);
	}

	return err;
}

/* A dirty page is on its way out of the cache. */
int coherent_launder_folio(struct folio *folio)
{
	return folio_clear_dirty_for_io(folio) ? write_folio(folio) : 0;
}

/* The caller holds the invalidate_lock, so no page comes back meanwhile. */
void coherent_drop_pages(struct inode *inode, loff_t start, loff_t end)
{
	if (inode->i_data.nrpages)
		invalidate_inode_pages2_range(inode->i_mapping,
					      start >> PAGE_SHIFT,
					      end >> PAGE_SHIFT);
}
