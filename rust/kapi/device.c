// SPDX-License-Identifier: GPL-2.0
/*
 * The device /dev/ssi.
 *
 * For what needs a call of its own: everybody may make one, and each says itself
 * who may do what.
 */
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/miscdevice.h>
#include <linux/ssi_kapi.h>
#include <uapi/linux/ssi.h>

static long control(struct file *file, unsigned int command, unsigned long argument)
{
	BUILD_BUG_ON(sizeof(struct ssi_rexecve) != 40 || SSI_REXECVE_COMMAND != SSI_REXECVE);
	BUILD_BUG_ON(SSI_REXECVE_FLAG_SEARCH != SSI_REXECVE_SEARCH);
	BUILD_BUG_ON(sizeof(struct ssi_rfork) != 8 || SSI_RFORK_COMMAND != SSI_RFORK);
	BUILD_BUG_ON(sizeof(struct ssi_migrate) != 8 || SSI_MIGRATE_COMMAND != SSI_MIGRATE);
	return ssi_device_control(command, argument);
}

static const struct file_operations operations = {
	.unlocked_ioctl = control,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ssi",
	.fops = &operations,
	.mode = 0666,
};

/* Whether @file is the device, which is the same on all nodes. */
bool ssi_device_is(const struct file *file)
{
	return imajor(file_inode(file)) == MISC_MAJOR && iminor(file_inode(file)) == device.minor &&
	       S_ISCHR(file_inode(file)->i_mode);
}

int ssi_device_begin(void)
{
	return misc_register(&device);
}
