// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a process' own, which go to another node, or came from one.
 */
#include <linux/leafops.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/oom.h>
#include <linux/pagewalk.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/ssi_kapi.h>
#include <linux/swap.h>

/* --- of a process that does not run --- */

/*
 * Whether @entry is of a page that is not, or not any more, as the file of its area has it.
 * Gives the page unless it is to be read in first. Negative for a guard, as of madvise(2):
 * that is no page and would be lost.
 */
static int ssi_is_own(struct vm_area_struct *vma, unsigned long address, pte_t entry,
		      struct page **page)
{
	*page = NULL;
	if (pte_none(entry))
		return 0;
	if (pte_is_marker(entry))
		return -EOPNOTSUPP;
	if (!pte_present(entry))
		return 1;
	*page = vm_normal_page(vma, address, entry);
	return *page && PageAnon(*page);
}

static int ssi_own_walk(struct mm_struct *mm, u64 start, u64 end, const struct mm_walk_ops *how,
			void *found)
{
	int error = mmap_read_lock_killable(mm);

	if (error)
		return error;
	error = walk_page_range(mm, start, min(end, (u64)TASK_SIZE), how, found);
	/* Who is killed for want of memory loses it at once. */
	if (error >= 0 && check_stable_address_space(mm))
		error = -EFAULT;
	mmap_read_unlock(mm);
	return error;
}

struct ssi_found_runs {
	struct ssi_run *runs;
	size_t count;
	size_t room;
	u64 next;
};

static int ssi_note_run(pte_t *place, unsigned long address, unsigned long next,
			struct mm_walk *walk)
{
	struct ssi_found_runs *found = walk->private;
	struct ssi_run *last = found->count ? &found->runs[found->count - 1] : NULL;
	struct page *page;
	int is_own = ssi_is_own(walk->vma, address, ptep_get(place), &page);

	if (is_own <= 0)
		return is_own;
	if (last && last->start + (last->pages << PAGE_SHIFT) == address) {
		last->pages++;
		return 0;
	}
	if (found->count == found->room) {
		found->next = address;
		return 1;
	}
	found->runs[found->count++] = (struct ssi_run) { .start = address, .pages = 1 };
	return 0;
}

/*
 * Gives where between two addresses the process has pages of its own, at most @room @runs of
 * them, and in @next where to go on.
 */
ssize_t ssi_own_runs(struct mm_struct *mm, u64 start, u64 end, struct ssi_run *runs,
		     size_t room, u64 *next)
{
	static const struct mm_walk_ops how = {
		.pte_entry = ssi_note_run,
		.walk_lock = PGWALK_RDLOCK,
	};
	struct ssi_found_runs found = { .runs = runs, .room = room, .next = end };
	int error = ssi_own_walk(mm, start, end, &how, &found);

	*next = found.next;
	return error < 0 ? error : found.count;
}

struct ssi_found_pages {
	struct ssi_own_page *pages;
	size_t count;
	size_t room;
	size_t zeros;
	u64 next;
};

static int ssi_take(pte_t *place, unsigned long address, unsigned long next,
		    struct mm_walk *walk)
{
	struct ssi_found_pages *found = walk->private;
	struct page *page;
	int is_own = ssi_is_own(walk->vma, address, ptep_get(place), &page);

	if (is_own <= 0)
		return is_own;
	if (found->count == found->room) {
		found->next = address;
		return 1;
	}
	/* Of a file's area it may stand for what is not zero. */
	if (page && vma_is_anonymous(walk->vma) && ssi_page_is_zero(page)) {
		found->zeros++;
		return 0;
	}
	if (page)
		get_page(page);
	found->pages[found->count++] = (struct ssi_own_page) { .address = address, .page = page };
	return 0;
}

/*
 * Gives the process' own @pages between two addresses, at most @room, with a reference to
 * each; without a page where it is to be read in first. In @next is where to go on, in @zeros
 * how many pages were left out, as they are zero and would be so elsewhere.
 */
ssize_t ssi_own_take(struct mm_struct *mm, u64 start, u64 end, struct ssi_own_page *pages,
		     size_t room, size_t *zeros, u64 *next)
{
	static const struct mm_walk_ops how = {
		.pte_entry = ssi_take,
		.walk_lock = PGWALK_RDLOCK,
	};
	struct ssi_found_pages found = { .pages = pages, .room = room, .next = end };
	int error = ssi_own_walk(mm, start, end, &how, &found);

	*next = found.next;
	*zeros = found.zeros;
	if (error >= 0)
		return found.count;
	while (found.count--)
		if (pages[found.count].page)
			put_page(pages[found.count].page);
	return error;
}

/* --- of a process that runs --- */

struct ssi_scan {
	struct ssi_scanned_page *pages;
	size_t count;
	size_t room;
	u64 next;
	bool is_marked;
};

/*
 * Whether it can be told of @folio, which is in @vma, if it is written to. That takes a fault
 * once its entry neither allows it nor is dirty, for the program, for system calls, and for who
 * asks for a reference to write with; and an entry stays dirty over fork(2), mprotect(2) and
 * mremap(2), which take the right to write. Not so where the kernel keeps the dirt of the entry
 * in the folio: if it is swapped, or was written to by who traces the process; nor of what
 * MADV_FREE is about, and of who got a reference for long.
 *
 * A system call of UML looks at the entry, and writes then: nobody may come in between.
 */
static bool ssi_is_watchable(const struct vm_area_struct *vma, struct folio *folio)
{
	return !IS_ENABLED(CONFIG_SMP) && !IS_ENABLED(CONFIG_PREEMPTION) &&
	       (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE &&
	       folio_test_swapbacked(folio) && !folio_test_swapcache(folio) &&
	       !folio_test_dirty(folio) && !folio_maybe_dma_pinned(folio);
}

static int ssi_scan_one(pte_t *place, unsigned long address, unsigned long next,
			struct mm_walk *walk)
{
	struct vm_area_struct *vma = walk->vma;
	struct ssi_scan *scan = walk->private;
	pte_t entry = ptep_get(place);
	struct page *page;
	bool is_written;

	if (!pte_present(entry))
		return 0;
	page = vm_normal_page(vma, address, entry);
	if (!page || !PageAnon(page) || !ssi_is_watchable(vma, page_folio(page)))
		return 0;
	if (scan->count == scan->room) {
		scan->next = address;
		return 1;
	}
	get_page(page);
	is_written = pte_write(entry) || pte_dirty(entry);
	scan->pages[scan->count++] = (struct ssi_scanned_page) {
		.address = address,
		.page = page,
		.is_written = is_written,
	};
	if (scan->is_marked && is_written) {
		set_pte_at(walk->mm, address, place, pte_mkclean(pte_wrprotect(entry)));
		flush_tlb_page(vma, address);
	}
	return 0;
}

/*
 * Gives the process' own @pages between two addresses that are in memory, at most @room, with a
 * reference to each, and whether it was written to since it was marked last. Marks them, if
 * @is_marked. In @next is where to go on.
 */
ssize_t ssi_own_scan(struct mm_struct *mm, u64 start, u64 end, struct ssi_scanned_page *pages,
		     size_t room, bool is_marked, u64 *next)
{
	static const struct mm_walk_ops how = {
		.pte_entry = ssi_scan_one,
		.walk_lock = PGWALK_RDLOCK,
	};
	struct ssi_scan scan = {
		.pages = pages, .room = room, .next = end, .is_marked = is_marked,
	};
	int error = ssi_own_walk(mm, start, end, &how, &scan);

	*next = scan.next;
	if (error >= 0)
		return scan.count;
	while (scan.count--)
		put_page(pages[scan.count].page);
	return error;
}

/* --- of the current task --- */

/* Nobody else has it, and it never was in a program. */
static bool ssi_is_fresh(struct folio *folio)
{
	return !folio_test_large(folio) && folio_ref_count(folio) == 1 && !folio_mapped(folio) &&
	       !folio->mapping && !folio_test_lru(folio) && !folio_test_swapbacked(folio);
}

/* An area whose pages are as those of any: it has had one, and the kernel asks no more. */
static bool ssi_is_plain(const struct vm_area_struct *vma)
{
	return vma->anon_vma && !(vma->vm_flags & (VM_SHARED | VM_LOCKED | VM_SPECIAL));
}

/*
 * Makes @page that of @address, for good. False where that is not as simple as that, and for
 * a page somebody else has, too; then nothing has happened. May sleep.
 */
bool ssi_own_put(u64 address, struct page *page)
{
	struct mm_struct *mm = current->mm;
	struct folio *folio = page_folio(page);
	struct vm_area_struct *vma;
	spinlock_t *lock;
	pte_t *place, entry;
	bool is_free;

	guard(mmap_read_lock)(mm);
	vma = vma_lookup(mm, address);
	if (!vma || !ssi_is_plain(vma) || !ssi_is_fresh(folio))
		return false;
	place = get_locked_pte(mm, address, &lock);
	if (!place)
		return false;
	is_free = pte_none(ptep_get(place));
	if (is_free) {
		folio_get(folio);
		__folio_mark_uptodate(folio);
		folio_add_new_anon_rmap(folio, vma, address, RMAP_EXCLUSIVE);
		folio_add_lru(folio);
		inc_mm_counter(mm, MM_ANONPAGES);
		entry = pte_mkdirty(mk_pte(page, vma->vm_page_prot));
		if (vma->vm_flags & VM_WRITE)
			entry = pte_mkwrite(entry, vma);
		set_pte_at(mm, address, place, entry);
		update_mmu_cache(vma, address, place);
	}
	pte_unmap_unlock(place, lock);
	return is_free;
}
